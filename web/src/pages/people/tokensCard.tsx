import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { tokens as tokensApi } from "@/api/endpoints";
import { invalidate, options } from "@/api/queries";
import { texts } from "@/texts";
import { day } from "@/ui/format";
import { Icon } from "@/ui/icons";
import { toast, toastError } from "@/ui/toasts";

const words = texts.people;

export function TokensCard() {
  const { data } = useQuery(options.tokens);
  const [secret, setSecret] = useState<string | null>(null);
  const create = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const target = event.currentTarget;
    const form = new FormData(target);
    const days = Number(form.get("days"));
    try {
      const created = await tokensApi.create({
        name: String(form.get("name")),
        ...(days > 0 ? { expires_in_days: days } : {}),
      });
      setSecret(created.token);
      target.reset();
      invalidate("tokens");
    } catch (error) {
      toastError(error);
    }
  };
  const revoke = async (id: string) => {
    await tokensApi.remove(id).catch(toastError);
    invalidate("tokens");
  };
  const copy = (token: string) =>
    navigator.clipboard.writeText(token).then(() => toast("ok", texts.common.copied), toastError);
  return (
    <section className="card">
      <header>
        <h2>{words.tokens}</h2>
      </header>
      <div className="body stack">
        <p className="small muted">{words.tokensBody}</p>
        <ul className="stack tight">
          {data?.items.map((token) => (
            <li key={token.id} className="row">
              <Icon name="key" size={16} />
              <span className="grow truncate">{token.name}</span>
              <span className="small faint">
                {token.expires_at ? words.expires(day(token.expires_at)) : words.neverExpires}
              </span>
              <button type="button" className="button small danger" onClick={() => revoke(token.id)}>
                {words.revoke}
              </button>
            </li>
          ))}
          {data?.items.length === 0 && <li className="small faint">{words.noTokens}</li>}
        </ul>
        {secret && (
          <div className="stack tight">
            <span className="small muted">{words.tokenOnce}</span>
            <div className="row">
              <input
                className="input mono"
                readOnly
                value={secret}
                aria-label={words.newToken}
                data-testid="new-token"
              />
              <button type="button" className="button" onClick={() => copy(secret)}>
                {texts.common.copy}
              </button>
            </div>
          </div>
        )}
        <form className="row" onSubmit={create}>
          <input
            className="input grow"
            name="name"
            required
            placeholder={words.tokenName}
            aria-label={words.tokenName}
          />
          <input
            className="input"
            style={{ width: 80 }}
            name="days"
            type="number"
            min={1}
            max={3650}
            placeholder="∞"
            title={words.tokenDays}
            aria-label={words.tokenDays}
          />
          <button type="submit" className="button">
            {words.newToken}
          </button>
        </form>
      </div>
    </section>
  );
}
