/** Line icons on a 20 x 20 grid, drawn for this page. */
const PATHS = {
  brush: "M13.5 3.5 17 7l-7 7c-.6-1.7-1.8-2.9-3.5-3.5l7-7ZM6 11.5C4 12 4.5 15 2.5 16.5c3 .8 6.5 0 7-3",
  eraser: "M8 16.5h8.5M4 12l7.5-8 5 5L9.5 16H6.5L4 13.5V12ZM7.5 8.5l5 5",
  polygon:
    "M4.5 7.5 10 3l6 4-2 9H6L4.5 7.5M3.5 6.5h2v2h-2zM9 2h2v2H9zM15 6h2v2h-2zM13 15h2v2h-2zM5 15h2v2H5z",
  superpixel: "M3 8l4-1 3 3 7-3M7 7V3M10 10l-2 3 1 4M8 13l-5 1M10 10l4 4 3-.5M3 3h14v14H3z",
  wand: "M3.5 16.5 12 8M10.5 6.5l3 3M14 2.5v3M12.5 4h3M16.5 8.5v2M15.5 9.5h2M8 3v2M7 4h2",
  fill: "M9 3 3.5 8.5 9 14l6-6-6-5.5M9 3 7 1.5M3.5 8.5H15M16.5 12c1 1.5 1.5 2.3 1.5 3a1.5 1.5 0 0 1-3 0c0-.7.5-1.5 1.5-3ZM3 17.5h9",
  copy: "M7 7h9.5v9.5H7zM7 13H3.5V3.5H13V7M9.5 11.8l1.7 1.7 3-3.5",
  replace: "M3.5 5.5h9M10 3l2.5 2.5L10 8M16.5 14.5h-9M10 12l-2.5 2.5L10 17M14.5 4h2.5v3h-2.5zM3 13h2.5v3H3z",
  fillRegion: "M3 3h14v14H3zM3 8l5-5M3 13 13 3M4 17 17 4M9 17l8-8M14 17l3-3",
  fillHoles: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 10h4M10 8v4",
  smooth: "M2.5 16.5v-4h3v-4h3v-4h3M9 16.5c0-6 4-9 8.5-9",
  pick: "M12 5l3 3M3.5 16.5l.7-2.7 7-7 2 2-7 7-2.7.7ZM12.5 5.5l1.5-1.8a1.6 1.6 0 0 1 2.3 2.3L14.5 7.5",
  void: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM5.2 5.2l9.6 9.6",
  undo: "M7 4 3.5 7.5 7 11M3.5 7.5H12a4.5 4.5 0 0 1 0 9H7",
  redo: "M13 4l3.5 3.5L13 11M16.5 7.5H8a4.5 4.5 0 0 0 0 9h5",
  check: "M4 10.5 8 14.5 16 5.5",
  skip: "M4 5l6 5-6 5V5ZM10 5l6 5-6 5V5Z",
  eye: "M1.5 10S4.5 4.5 10 4.5 18.5 10 18.5 10 15.5 15.5 10 15.5 1.5 10 1.5 10ZM10 12.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z",
  heat: "M10 2.5c.5 3 4.5 4.8 4.5 9a4.5 4.5 0 0 1-9 0c0-2 1-3.2 2-4 .2 1.5.8 2.2 1.5 2.5C8.5 7.5 9 5 10 2.5Z",
  eyeOff:
    "M3 3l14 14M8 5c.6-.3 1.3-.5 2-.5 5.5 0 8.5 5.5 8.5 5.5s-.8 1.5-2.3 2.9M5 6.3C2.7 7.9 1.5 10 1.5 10s3 5.5 8.5 5.5c1.5 0 2.800-.4 3.9-1M8.200 8.3a2.5 2.5 0 0 0 3.5 3.5",
  sliders: "M3 6h8M15 6h2M3 14h2M9 14h8M13 4a2 2 0 1 0 0 4 2 2 0 0 0 0-4ZM7 12a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z",
  fit: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4M7.5 7.5h5v5h-5z",
  help: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15ZM7.8 7.8A2.2 2.2 0 1 1 10 10.2v1.3M10 14h.01",
  book: "M10 5.5C8.5 4 6 3.5 3 3.5v12c3 0 5.5.5 7 2 1.5-1.5 4-2 7-2v-12c-3 0-5.5.5-7 2ZM10 5.5v12",
  search: "M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM13 13l4 4",
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  close: "M5 5l10 10M15 5 5 15",
  down: "M5.5 8 10 12.5 14.5 8",
  sun: "M10 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.4 1.4M14.3 14.3l1.4 1.4M4.3 15.7l1.4-1.4M14.3 5.7l1.4-1.4",
  moon: "M16.5 12A7 7 0 0 1 8 3.5a7 7 0 1 0 8.5 8.5Z",
  screen: "M3 4h14v9H3zM7 17h6M10 13v4",
  user: "M10 10a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM3.5 17c.5-3.5 3-5 6.5-5s6 1.5 6.5 5",
  upload: "M10 13V4M6.5 7 10 3.5 13.5 7M3.5 13v3.5h13V13",
  download: "M10 3.5v9M6.5 9.5 10 13l3.5-3.5M3.5 13.5v3h13v-3",
  image: "M3 4h14v12H3zM3 13l4-4 4 4 2.5-2.5L17 14M12.5 8h.01",
  folder: "M2.5 5h5l2 2h8v9h-15z",
  layers: "M10 3 2.5 7 10 11l7.5-4L10 3ZM2.5 10.5 10 14.5l7.5-4M2.5 13.5 10 17.5l7.5-4",
  chart: "M3 3v14h14M6 13l3.5-4 3 2.5L17 6",
  flag: "M5 17.5V3M5 3.5h10l-2 3.5 2 3.5H5",
  play: "M6 4l10 6-10 6V4Z",
  trash: "M3.5 5.5h13M8 5.5v-2h4v2M5.5 5.5l.7 11h7.6l.7-11",
  key: "M12.5 11a4 4 0 1 0-3.5-2l-6 6v2h2.5v-2H8v-2l2-2c.7.5 1.6 0 2.5 0ZM13.5 6.5h.01",
  left: "M12.5 5 7.5 10l5 5",
  right: "M7.5 5l5 5-5 5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      viewBox="0 0 20 20"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark: a region with a loop in it. */
export function Logo({ size = 20 }: { size?: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <path
        d="M9 20.5c1.6 2 4 3 6.8 3 4.2 0 7.2-2 7.2-5.2 0-6.5-11-3.2-11-7.3 0-1.7 1.6-2.7 4-2.7 2.1 0 3.8.7 5.2 2.2"
        fill="none"
        stroke="var(--on-accent)"
        strokeWidth="3"
        strokeLinecap="round"
      />
    </svg>
  );
}
