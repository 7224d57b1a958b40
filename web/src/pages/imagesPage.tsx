import { useInfiniteQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { images as imagesApi } from "@/api/endpoints";
import { keys } from "@/api/queries";
import type { ImageItem, Project } from "@/api/types";
import { texts } from "@/texts";
import { Empty, Progress, Segmented, Skeleton } from "@/ui/bits";
import { share } from "@/ui/format";
import { Icon } from "@/ui/icons";
import { PageHead, ProjectFrame } from "@/ui/shell";
import { ImageViewer } from "./imageViewer";
import { DropZone } from "./upload/dropZone";

const words = texts.images;
const PAGE = 60;
type SplitFilter = "" | "pool" | "validation" | "test";
const SPLITS: (readonly [SplitFilter, string])[] = [
  ["", words.all],
  ["pool", texts.common.splits.pool],
  ["validation", texts.common.splits.validation],
  ["test", texts.common.splits.test],
];

function Tile({ image, onOpen }: { image: ImageItem; onOpen(): void }) {
  return (
    <button type="button" className="card image-tile" onClick={onOpen} data-testid="image-tile">
      <span className="frame">
        {image.ready ? (
          <img src={image.thumbnail_url} alt="" loading="lazy" decoding="async" />
        ) : (
          <Skeleton height={126} />
        )}
      </span>
      <span className="caption">
        <span className="truncate small" title={image.filename}>
          {image.filename}
        </span>
        <span className="row small faint">
          <span className="grow">
            {texts.common.splits[image.split]} · {words.size(image.width, image.height)}
          </span>
          {image.ready ? image.labelled_fraction > 0 && share(image.labelled_fraction) : words.notReady}
        </span>
        <Progress fraction={image.labelled_fraction} label={words.labelled(share(image.labelled_fraction))} />
      </span>
    </button>
  );
}

function useImages(projectId: string, split: string, q: string) {
  return useInfiniteQuery({
    queryKey: [...keys.part(projectId, "images"), split, q],
    queryFn: ({ pageParam }) =>
      imagesApi.list(projectId, { split, q, cursor: pageParam ?? undefined, limit: PAGE }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

function Images({ project }: { project: Project }) {
  const [split, setSplit] = useState<SplitFilter>("");
  const [search, setSearch] = useState("");
  const [isAdding, setAdding] = useState(false);
  const [openId, setOpenId] = useState<string | null>(null);
  const q = useDeferredValue(search.trim());
  const { data, hasNextPage, fetchNextPage, isFetchingNextPage } = useImages(project.id, split, q);
  const images = data?.pages.flatMap((page) => page.items) ?? [];
  const at = images.findIndex((image) => image.id === openId);
  const isEmpty = data !== undefined && images.length === 0;
  const hasAny = Object.values(project.num_images).some((n) => n > 0);
  const canAdd = project.role === "owner";
  return (
    <main className="page" id="content">
      <PageHead title={words.title}>
        <input
          className="input"
          type="search"
          style={{ width: 220 }}
          value={search}
          placeholder={words.search}
          aria-label={words.search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <Segmented label={words.title} value={split} options={SPLITS} onChange={setSplit} />
        {canAdd && hasAny && (
          <button
            type="button"
            className="button primary"
            aria-expanded={isAdding}
            onClick={() => setAdding(!isAdding)}
          >
            <Icon name="plus" size={16} />
            {words.add}
          </button>
        )}
      </PageHead>
      <div className="stack wide">
        {canAdd && (isAdding || !hasAny) && <DropZone project={project} />}
        {!data && <Skeleton height={300} />}
        {isEmpty && (
          <Empty icon="image" title={hasAny ? words.noMatch : words.empty}>
            {!hasAny && canAdd && <p>{words.emptyBody}</p>}
          </Empty>
        )}
        <div className="image-grid">
          {images.map((image) => (
            <Tile key={image.id} image={image} onOpen={() => setOpenId(image.id)} />
          ))}
        </div>
        {hasNextPage && (
          <button
            type="button"
            className="button"
            disabled={isFetchingNextPage}
            onClick={() => fetchNextPage()}
          >
            {texts.common.more}
          </button>
        )}
      </div>
      {at >= 0 && (
        <ImageViewer
          project={project}
          image={images[at]}
          onStep={(step) => setOpenId(images[at + step]?.id ?? openId)}
          hasPrevious={at > 0}
          hasNext={at < images.length - 1}
          onClose={() => setOpenId(null)}
        />
      )}
    </main>
  );
}

export default function ImagesPage({ id }: { id: string }) {
  return (
    <ProjectFrame id={id} title={words.title}>
      {(project) => <Images project={project} />}
    </ProjectFrame>
  );
}
