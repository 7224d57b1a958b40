import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { projects, users as usersApi } from "@/api/endpoints";
import { invalidate, keys, options, useMe } from "@/api/queries";
import type { Project, Role, User } from "@/api/types";
import { texts } from "@/texts";
import { Field, Skeleton } from "@/ui/bits";
import { Icon } from "@/ui/icons";
import { PageHead, ProjectFrame } from "@/ui/shell";
import { toast, toastError } from "@/ui/toasts";
import { TokensCard } from "./people/tokensCard";

const words = texts.people;
const ROLES = Object.keys(texts.common.roles) as Role[];

function RoleSelect({ value, label, onChange }: { value: Role; label: string; onChange(role: Role): void }) {
  return (
    <select
      className="input"
      style={{ width: 130 }}
      value={value}
      aria-label={label}
      onChange={(event) => onChange(event.target.value as Role)}
    >
      {ROLES.map((role) => (
        <option key={role} value={role}>
          {texts.common.roles[role]}
        </option>
      ))}
    </select>
  );
}

function AddMember({ users, onAdd }: { users: User[]; onAdd(id: string, role: Role): void }) {
  const [userId, setUserId] = useState("");
  const [role, setRole] = useState<Role>("annotator");
  const chosen = users.find((user) => user.id === userId) ?? users[0];
  if (!chosen) return null;
  return (
    <div className="row">
      <select
        className="input grow"
        value={chosen.id}
        aria-label={words.user}
        onChange={(event) => setUserId(event.target.value)}
      >
        {users.map((user) => (
          <option key={user.id} value={user.id}>
            {user.username}
          </option>
        ))}
      </select>
      <RoleSelect value={role} label={words.role} onChange={setRole} />
      <button type="button" className="button" onClick={() => onAdd(chosen.id, role)}>
        {texts.common.add}
      </button>
    </div>
  );
}

function MembersCard({ project, users }: { project: Project; users: User[] }) {
  const { data } = useQuery(options.members(project.id));
  const isOwner = project.role === "owner";
  const act = async (work: Promise<unknown>) => {
    try {
      await work;
    } catch (error) {
      toastError(error);
    }
    invalidate(...keys.part(project.id, "members"));
  };
  const others = users.filter((user) => !data?.items.some((member) => member.user_id === user.id));
  return (
    <section className="card">
      <header>
        <h2>{words.members}</h2>
      </header>
      <div className="body stack">
        {!data && <Skeleton height={60} />}
        <ul className="stack tight">
          {data?.items.map((member) => (
            <li key={member.user_id} className="row">
              <Icon name="user" size={16} />
              <span className="grow truncate">{member.username}</span>
              {isOwner ? (
                <>
                  <RoleSelect
                    value={member.role}
                    label={`${words.role}: ${member.username}`}
                    onChange={(role) => act(projects.setMember(project.id, member.user_id, role))}
                  />
                  <button
                    type="button"
                    className="button ghost small icon"
                    aria-label={`${texts.common.remove}: ${member.username}`}
                    onClick={() => act(projects.removeMember(project.id, member.user_id))}
                  >
                    <Icon name="close" size={14} />
                  </button>
                </>
              ) : (
                <span className="muted">{texts.common.roles[member.role]}</span>
              )}
            </li>
          ))}
        </ul>
        {isOwner && (
          <AddMember users={others} onAdd={(id, role) => act(projects.setMember(project.id, id, role))} />
        )}
      </div>
    </section>
  );
}

function UsersCard({ users }: { users: User[] }) {
  const [problem, setProblem] = useState<string | null>(null);
  const create = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const target = event.currentTarget;
    const form = new FormData(target);
    const username = String(form.get("username")).trim();
    try {
      await usersApi.create({
        username,
        password: String(form.get("password")),
        is_admin: form.get("is_admin") === "on",
      });
      setProblem(null);
      target.reset();
      toast("ok", words.created(username));
      invalidate("users");
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <section className="card">
      <header>
        <h2>{words.users}</h2>
      </header>
      <div className="body stack">
        <ul className="stack tight">
          {users.map((user) => (
            <li key={user.id} className="row">
              <Icon name="user" size={16} />
              <span className="grow truncate">{user.username}</span>
              {user.is_admin && <span className="badge">{words.isAdmin}</span>}
            </li>
          ))}
        </ul>
        <form className="stack" onSubmit={create}>
          <h3>{words.newUser}</h3>
          {problem && (
            <p className="form-error" role="alert">
              {problem}
            </p>
          )}
          <div className="settings-grid">
            <Field label={words.username}>
              <input className="input" name="username" required autoComplete="off" />
            </Field>
            <Field label={words.password}>
              <input className="input" name="password" type="password" required autoComplete="new-password" />
            </Field>
          </div>
          <div className="row">
            <label className="row grow" title={words.adminHelp}>
              <input type="checkbox" name="is_admin" />
              {words.isAdmin}
            </label>
            <button type="submit" className="button">
              {texts.common.create}
            </button>
          </div>
        </form>
      </div>
    </section>
  );
}

function People({ project }: { project: Project }) {
  const { data: me } = useMe();
  const { data: users } = useQuery({
    ...options.users,
    enabled: me?.is_admin === true || project.role === "owner",
  });
  const known = users?.items ?? [];
  return (
    <main className="page" id="content">
      <PageHead title={words.title} />
      <div className="split even">
        <MembersCard project={project} users={known} />
        <div className="stack wide">
          {me?.is_admin && <UsersCard users={known} />}
          <TokensCard />
        </div>
      </div>
    </main>
  );
}

export default function PeoplePage({ id }: { id: string }) {
  return (
    <ProjectFrame id={id} title={words.title}>
      {(project) => <People project={project} />}
    </ProjectFrame>
  );
}
