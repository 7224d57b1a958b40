import { useQuery } from "@tanstack/react-query";
import { projects } from "@/api/endpoints";
import { keys } from "@/api/queries";
import type { Project } from "@/api/types";
import { texts } from "@/texts";
import { count, decimal, duration, hours } from "@/ui/format";

const words = texts.overview.cost;

/** A number that may be half of something: the median of an even number of regions. */
const middle = (value: number) => (Number.isInteger(value) ? count(value) : decimal(value, 1));

/** What answers cost, round by round, in all and per region. Only owners are shown it. */
export function CostCard({ project }: { project: Project }) {
  const { data } = useQuery({
    queryKey: keys.part(project.id, "costs"),
    queryFn: () => projects.costs(project.id),
  });
  if (!data || data.items.length === 0) return null;
  return (
    <section className="card" data-testid="costs" aria-label={words.title}>
      <header>
        <h2>{words.title}</h2>
        <span className="small faint">{words.help}</span>
      </header>
      <div className="table-scroll">
        <table>
          <thead>
            <tr>
              <th className="num">{words.round}</th>
              <th className="num">{words.regions}</th>
              <th className="num">{words.time}</th>
              <th className="num">{words.clicks}</th>
              <th className="num">{words.strokes}</th>
              <th className="num">{words.keys}</th>
            </tr>
          </thead>
          <tbody>
            {data.items.map((row) => (
              <tr key={row.round} data-testid={`cost-${row.round}`}>
                <td className="num">{row.round}</td>
                <td className="num">{count(row.num_regions)}</td>
                <td className="num">
                  {hours(row.annotation_seconds / 3600)} <small>{duration(row.median_seconds)}</small>
                </td>
                <td className="num">
                  {count(row.clicks)} <small>{middle(row.median_clicks)}</small>
                </td>
                <td className="num">
                  {count(row.strokes)} <small>{middle(row.median_strokes)}</small>
                </td>
                <td className="num">
                  {count(row.keys)} <small>{middle(row.median_keys)}</small>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
