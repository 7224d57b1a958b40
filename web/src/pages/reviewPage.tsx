import { useInfiniteQuery } from "@tanstack/react-query";
import { projects } from "@/api/endpoints";
import { keys } from "@/api/queries";
import type { AnnotationItem, Project } from "@/api/types";
import { texts } from "@/texts";
import { Empty, Skeleton } from "@/ui/bits";
import { ago, count, duration } from "@/ui/format";
import { PageHead, ProjectFrame } from "@/ui/shell";

const words = texts.review;

function Row({ item }: { item: AnnotationItem }) {
  return (
    <tr>
      <td className="num">{item.round}</td>
      <td>
        {words.regionAt(item.bbox)} <span className="faint">{words.version(item.version)}</span>
      </td>
      <td>{item.username}</td>
      <td>
        <span className="badge">{item.state}</span>
      </td>
      <td className="muted">{item.kind}</td>
      <td className="num">{count(item.num_clicks)}</td>
      <td className="num">{duration(item.annotation_seconds)}</td>
      <td className="num faint">{ago(item.created_at)}</td>
    </tr>
  );
}

function Review({ project }: { project: Project }) {
  const { data, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: keys.part(project.id, "annotations"),
    queryFn: ({ pageParam }) => projects.annotations(project.id, pageParam ?? undefined),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  const { columns } = words;
  return (
    <main className="page" id="content">
      <PageHead title={words.title} />
      <div className="stack">
        <p className="muted">{words.lead}</p>
        {!data && <Skeleton height={200} />}
        {data && items.length === 0 && (
          <div className="card">
            <Empty icon="flag" title={words.empty}>
              <p>{words.emptyBody}</p>
            </Empty>
          </div>
        )}
        {items.length > 0 && (
          <div className="card table-scroll">
            <table>
              <thead>
                <tr>
                  <th className="num">{columns.round}</th>
                  <th>{columns.region}</th>
                  <th>{columns.who}</th>
                  <th>{columns.state}</th>
                  <th>{columns.kind}</th>
                  <th className="num">{columns.clicks}</th>
                  <th className="num">{columns.time}</th>
                  <th className="num">{columns.when}</th>
                </tr>
              </thead>
              <tbody>
                {items.map((item) => (
                  <Row key={item.id} item={item} />
                ))}
              </tbody>
            </table>
          </div>
        )}
        {hasNextPage && (
          <button type="button" className="button" onClick={() => fetchNextPage()}>
            {texts.common.more}
          </button>
        )}
      </div>
    </main>
  );
}

export default function ReviewPage({ id }: { id: string }) {
  return (
    <ProjectFrame id={id} title={words.title}>
      {(project) => <Review project={project} />}
    </ProjectFrame>
  );
}
