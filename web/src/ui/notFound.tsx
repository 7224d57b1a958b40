import { Link } from "wouter";
import { ApiError } from "@/api/http";
import { texts } from "@/texts";
import { Empty } from "./bits";

/** A page that is not there, or whose data did not come. */
export function NotFound({ error }: { error?: Error }) {
  const isMissing = !error || (error instanceof ApiError && error.status === 404);
  return (
    <main className="page" id="content">
      <Empty icon="flag" title={isMissing ? texts.common.notFound.title : texts.common.crash.title}>
        <p>{isMissing ? texts.common.notFound.body : error.message}</p>
        <Link href="/" className="button">
          {texts.common.notFound.back}
        </Link>
      </Empty>
    </main>
  );
}
