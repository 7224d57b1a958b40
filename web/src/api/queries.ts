/** Server state as hooks. Keys are lists, so that events can invalidate a whole project or one part of it. */
import { QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { auth, exportsApi, methods, models, projects, rounds, tokens, users } from "./endpoints";
import { ApiError } from "./http";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status < 500),
    },
  },
});

export const keys = {
  me: ["me"],
  projects: ["projects"],
  project: (id: string) => ["project", id],
  part: (id: string, part: string) => ["project", id, part],
};

export const options = {
  me: queryOptions({ queryKey: keys.me, queryFn: auth.me, staleTime: 60_000 }),
  projects: queryOptions({ queryKey: keys.projects, queryFn: projects.list }),
  deletedProjects: queryOptions({ queryKey: [...keys.projects, "deleted"], queryFn: projects.listDeleted }),
  methods: (projectId: string) =>
    queryOptions({ queryKey: ["methods", projectId], queryFn: () => methods.of(projectId) }),
  users: queryOptions({ queryKey: ["users"], queryFn: users.list }),
  tokens: queryOptions({ queryKey: ["tokens"], queryFn: tokens.list }),
  project: (id: string) => queryOptions({ queryKey: keys.project(id), queryFn: () => projects.get(id) }),
  rounds: (id: string) => queryOptions({ queryKey: keys.part(id, "rounds"), queryFn: () => rounds.list(id) }),
  queue: (id: string) =>
    queryOptions({ queryKey: keys.part(id, "queue"), queryFn: () => projects.queue(id) }),
  curve: (id: string) =>
    queryOptions({ queryKey: keys.part(id, "curve"), queryFn: () => projects.curve(id) }),
  models: (id: string) => queryOptions({ queryKey: keys.part(id, "models"), queryFn: () => models.list(id) }),
  members: (id: string) =>
    queryOptions({ queryKey: keys.part(id, "members"), queryFn: () => projects.members(id) }),
  exports: (id: string) =>
    queryOptions({ queryKey: keys.part(id, "exports"), queryFn: () => exportsApi.list(id) }),
  jobs: (id: string) =>
    queryOptions({ queryKey: keys.part(id, "jobs"), queryFn: () => projects.activeJobs(id) }),
};

export const useMe = () => useQuery(options.me);
export const useProject = (id: string) => useQuery(options.project(id));

export function invalidate(...key: string[]): void {
  void queryClient.invalidateQueries({ queryKey: key });
}
