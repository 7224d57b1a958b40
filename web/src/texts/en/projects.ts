import { grammarOf } from "../grammar";

const { plural } = grammarOf("en");

/** Words of the project list, the overview and the new-project form. */
export const projects = {
  title: "Projects",
  create: "New project",
  empty: "No projects yet",
  emptyBody:
    "A project holds images, the classes you tell apart in them, and a model that asks about the regions it learns most from.",
  images: (n: number) => plural(n, { one: "# image", other: "# images" }),
  classes: (n: number) => plural(n, { one: "# class", other: "# classes" }),
  form: {
    title: "New project",
    name: "Name",
    namePlaceholder: "Street scenes",
    classes: "Classes",
    classesHelp: "What pixels can be. Classes can be renamed, recoloured and added later, never reordered.",
    className: (n: number) => `Name of class ${n}`,
    classColor: (n: number) => `Colour of class ${n}`,
    removeClass: (n: number) => `Remove class ${n}`,
    addClass: "Add a class",
    alike: (a: string, b: string) =>
      `The colours of “${a}” and “${b}” look alike to people with red-green colour blindness.`,
    moreAlike: (n: number) => plural(n, { one: "So does # more pair.", other: "So do # more pairs." }),
    distinctColors: "Choose distinct colours",
    pasteHint: "Paste a list to add many at once, one name a line.",
    partition: "Regions",
    grid: "Grid",
    gridHelp: "Square cells. Predictable, quick to read.",
    superpixel: "Superpixels",
    superpixelHelp: "Cells that follow edges; one click can answer a whole region.",
    size: "Region size (px)",
    sizeAuto: "Automatic: 192 regions an image",
    guide: "Guide for annotators",
    guidePlaceholder: "What belongs to which class, and what to do in doubt.",
    submit: "Create project",
    needsName: "Give the project a name.",
    needsClasses: "Name at least two classes.",
    needsClassName: "A class that exists keeps a name: rename it, but do not leave it empty.",
    duplicate: (name: string) => `Two classes are called “${name}”.`,
  },
  edit: {
    open: "Project settings",
    title: "Project settings",
    classesHelp:
      "Rename, recolour or add. A class that exists keeps its place, so that no answer changes its meaning.",
    delete: "Delete project",
    deleteHelp: "Takes it out of sight; nothing is lost, and it can be brought back.",
    deleted: (name: string) => `“${name}” is deleted.`,
    restore: "Bring back",
    restored: (name: string) => `“${name}” is back.`,
    deletedProjects: (n: number) => plural(n, { one: "# deleted project", other: "# deleted projects" }),
  },
};

export const overview = {
  curve: "Learning curve",
  noCurve: "No curve yet",
  curveEmpty:
    "The curve starts with the first trained round that has validation or test label maps to be measured on.",
  curveNoMetric:
    "Rounds are trained, but nothing measures them: add validation images with label maps, or start rounds with an audit fraction (More settings), to see mean IoU.",
  axis: { fraction: "Pixels labelled", regions: "Regions", clicks: "Clicks", hours: "Hours of labelling" },
  axisLabel: "Against",
  perClass: "Per class",
  bought: (regions: number, gain: string) =>
    plural(regions, {
      one: `The last round's # region bought ${gain}.`,
      other: `The last round's # regions bought ${gain}.`,
    }),
  boughtNothing: (regions: number, loss: string) =>
    plural(regions, {
      one: `The last round's # region bought nothing: ${loss}.`,
      other: `The last round's # regions bought nothing: ${loss}.`,
    }),
  stop: {
    title: "You may stop here.",
    budget: (labelled: string, planned: string) =>
      `${labelled} of the pixels are labelled, of ${planned} planned.`,
    plateau: (gain: string) => `The last two rounds together brought ${gain} of mean IoU.`,
    certainty: (share: string) =>
      `The regions asked last were ${share} as much in doubt as the most doubtful round's.`,
  },
  interval: (low: string, high: string) =>
    `Estimated from regions drawn at random; 95 % interval ${low} to ${high}`,
  current: "Current round",
  noRound: "No round yet",
  noRoundBody: "The first round needs no labels: it picks regions that are typical of your images.",
  needImages: "Add pool images first; then a round can ask about them.",
  preparing: "Getting images ready: thumbnails and regions…",
  start: "Start round",
  startNext: "Start next round",
  settings: "Settings…",
  annotate: "Annotate",
  queue: "Queue",
  remaining: "to label",
  leased: "in people's hands",
  annotated: "labelled",
  labelled: "of pixels labelled",
  simulated: "Simulated annotator",
  simulatedHelp:
    "Answers from the known label maps and starts round after round, so you can watch the curve rise.",
  stats: {
    iou: "mean IoU",
    labelled: "Pixels labelled",
    regions: "Regions",
    clicks: "Clicks",
    time: "Labelling time",
  },
  cost: {
    title: "Cost",
    help: "in all, and per region (median)",
    round: "Round",
    regions: "Regions",
    time: "Time",
    clicks: "Clicks",
    strokes: "Strokes",
    keys: "Keys",
  },
  addImages: "Add images",
  exports: "Export",
  exportFormat: "Format",
  exportContent: "Content",
  exportStart: "Export",
  exportEmpty: "Nothing exported yet.",
  contents: { annotations: "Annotations", predictions: "Predictions", both: "Both" },
  formats: {
    index_png: "Index PNG",
    coco_rle: "COCO (RLE)",
    coco_panoptic: "COCO panoptic",
    voc: "Pascal VOC",
    cityscapes: "Cityscapes",
    camvid: "CamVid",
    cvat: "CVAT",
    label_studio: "Label Studio",
    hf: "Hugging Face",
  },
  members: "People",
  allMembers: "All people",
};

export const startRound = {
  title: "Start a round",
  trained: "Trains on every answer so far, scores the pool and selects the regions to ask next.",
  cold: "Nothing is labelled yet: regions that are typical of the images are chosen, without training.",
  serving: "The open round goes on serving until the new regions are there; nobody waits.",
  budget: "Budget",
  byRegions: "Regions",
  byFraction: "% of pixels",
  byDefault: "Default",
  regionsLabel: "Regions to ask",
  fractionLabel: "Share of all pool pixels (%)",
  defaultHelp: "0.5 % of the pool's pixels, at least 20 regions.",
  zeroHelp: "0 trains and measures without asking anything.",
  method: "Method",
  acquisition: "Acquisition",
  encoder: "Encoder",
  more: "More settings",
  reset: "Reset to defaults",
  submit: "Start round",
  bounds: (low: string, high: string) => `${low} to ${high}`,
};

export const upload = {
  drop: "Drop images, folders or a zip",
  dropNow: "Drop to upload",
  or: "or",
  files: "choose files",
  folder: "choose a folder",
  formats: "JPEG, PNG, TIFF, WebP; zip or tar for many at once",
  split: "As",
  archiveFolders: "By folders in the archive",
  result: (created: number, existing: number, rejected: number) =>
    [
      created ? `${created} added` : "",
      existing ? `${existing} already there` : "",
      rejected ? `${rejected} not taken` : "",
    ]
      .filter(Boolean)
      .join(", ") || "Nothing to upload",
  states: {
    waiting: "Waiting",
    sending: "Uploading",
    created: "Added",
    existing: "Already there",
    rejected: "Not taken",
    processing: "Being unpacked",
  },
  clear: "Clear list",
  progress: (done: number, all: number) =>
    plural(all, { one: `${done} of # file`, other: `${done} of # files` }),
  andMore: (n: number) => `and ${n} more`,
};
