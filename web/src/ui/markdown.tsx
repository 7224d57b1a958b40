import { Fragment, type ReactNode } from "react";

/** Bold, italic, code, pictures of this server and links; everything else is text, never HTML. */
const INLINE =
  /\*\*(.+?)\*\*|\*(.+?)\*|`(.+?)`|!\[(.*?)\]\((\/api\/[^\s)]+)\)|\[(.+?)\]\((https?:\/\/[^\s)]+)\)/g;

function inline(text: string): ReactNode[] {
  const nodes: ReactNode[] = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, bold, italic, code, alt, picture, label, url] = match;
    nodes.push(text.slice(at, match.index));
    if (bold) nodes.push(<b key={match.index}>{bold}</b>);
    else if (italic) nodes.push(<i key={match.index}>{italic}</i>);
    else if (code) nodes.push(<code key={match.index}>{code}</code>);
    else if (picture) nodes.push(<img key={match.index} src={picture} alt={alt} loading="lazy" />);
    else {
      nodes.push(
        <a key={match.index} href={url} target="_blank" rel="noreferrer">
          {label}
        </a>,
      );
    }
    at = match.index + whole.length;
  }
  nodes.push(text.slice(at));
  return nodes;
}

const BULLET = /^\s*(?:[-*]|\d+[.)])\s+/;

function block(lines: readonly string[], key: number): ReactNode {
  const heading = /^#{1,6}\s+(.*)/.exec(lines[0]);
  if (heading) {
    return (
      <Fragment key={key}>
        <h3>{inline(heading[1])}</h3>
        {lines.length > 1 && block(lines.slice(1), 0)}
      </Fragment>
    );
  }
  const start = lines.findIndex((line) => BULLET.test(line));
  if (start < 0) return <p key={key}>{inline(lines.join(" "))}</p>;
  const items: string[] = [];
  for (const line of lines.slice(start)) {
    if (BULLET.test(line)) items.push(line.replace(BULLET, ""));
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  return (
    <Fragment key={key}>
      {start > 0 && <p>{inline(lines.slice(0, start).join(" "))}</p>}
      <ul>
        {items.map((item) => (
          <li key={item}>{inline(item)}</li>
        ))}
      </ul>
    </Fragment>
  );
}

/** One line of it, without a block around. */
export function InlineMarkdown({ text }: { text: string }) {
  return <>{inline(text)}</>;
}

/** The part of Markdown that guides are written in: paragraphs, headings, lists, emphasis. */
export function Markdown({ text }: { text: string }) {
  const blocks = text
    .trim()
    .split(/\n\s*\n/)
    .map((part) => part.split("\n").filter((line) => line.trim()))
    .filter((lines) => lines.length > 0);
  return <div className="markdown">{blocks.map(block)}</div>;
}
