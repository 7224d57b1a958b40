import type { Texts } from "../en";
import { grammarOf } from "../grammar";

const { number, plural } = grammarOf("de");

/** Wörter der Projektliste, des Überblicks und des Formulars für neue Projekte. */
export const projects: Texts["projects"] = {
  title: "Projekte",
  create: "Neues Projekt",
  empty: "Noch keine Projekte",
  emptyBody:
    "Ein Projekt enthält Bilder, die Klassen, die Sie darin unterscheiden, und ein Modell, das nach den Regionen fragt, aus denen es am meisten lernt.",
  images: (n) => plural(n, { one: "# Bild", other: "# Bilder" }),
  classes: (n) => plural(n, { one: "# Klasse", other: "# Klassen" }),
  form: {
    title: "Neues Projekt",
    name: "Name",
    namePlaceholder: "Straßenszenen",
    classes: "Klassen",
    classesHelp:
      "Was Pixel sein können. Klassen lassen sich später umbenennen, umfärben und ergänzen, aber nie umsortieren.",
    className: (n) => `Name der Klasse ${n}`,
    classColor: (n) => `Farbe der Klasse ${n}`,
    removeClass: (n) => `Klasse ${n} entfernen`,
    addClass: "Klasse hinzufügen",
    alike: (a, b) => `Die Farben von „${a}“ und „${b}“ sehen für Menschen mit Rot-Grün-Schwäche gleich aus.`,
    moreAlike: (n) => plural(n, { one: "Ebenso # weiteres Paar.", other: "Ebenso # weitere Paare." }),
    distinctColors: "Unterscheidbare Farben wählen",
    pasteHint: "Eine eingefügte Liste ergibt viele auf einmal, ein Name je Zeile.",
    partition: "Regionen",
    grid: "Raster",
    gridHelp: "Quadratische Zellen. Vorhersehbar, schnell zu lesen.",
    superpixel: "Superpixel",
    superpixelHelp: "Zellen, die Kanten folgen; ein Klick kann eine ganze Region beantworten.",
    size: "Größe der Regionen (px)",
    sizeAuto: "Automatisch: 192 Regionen je Bild",
    guide: "Anleitung für Annotierende",
    guidePlaceholder: "Was zu welcher Klasse gehört und was im Zweifel zu tun ist.",
    submit: "Projekt anlegen",
    needsName: "Geben Sie dem Projekt einen Namen.",
    needsClasses: "Benennen Sie mindestens zwei Klassen.",
    needsClassName: "Eine vorhandene Klasse behält einen Namen: umbenennen ja, leer lassen nein.",
    duplicate: (name) => `Zwei Klassen heißen „${name}“.`,
  },
  edit: {
    open: "Projekteinstellungen",
    title: "Projekteinstellungen",
    classesHelp:
      "Umbenennen, umfärben oder ergänzen. Eine vorhandene Klasse behält ihren Platz, damit keine Antwort ihre Bedeutung ändert.",
    delete: "Projekt löschen",
    deleteHelp: "Nimmt es aus dem Blick; nichts geht verloren, und es lässt sich zurückholen.",
    deleted: (name) => `„${name}“ ist gelöscht.`,
    restore: "Zurückholen",
    restored: (name) => `„${name}“ ist wieder da.`,
    deletedProjects: (n) => plural(n, { one: "# gelöschtes Projekt", other: "# gelöschte Projekte" }),
  },
};

export const overview: Texts["overview"] = {
  curve: "Lernkurve",
  noCurve: "Noch keine Kurve",
  curveEmpty:
    "Die Kurve beginnt mit der ersten trainierten Runde, die Label-Maps zum Validieren oder Testen hat, an denen sie gemessen wird.",
  curveNoMetric:
    "Es wurde trainiert, aber nichts misst die Runden: Fügen Sie Validierungsbilder mit Label-Maps hinzu oder starten Sie Runden mit einem Prüfanteil (audit fraction, unter den weiteren Einstellungen), dann erscheint die mittlere IoU.",
  axis: {
    fraction: "Annotierte Pixel",
    regions: "Beantwortete Regionen",
    clicks: "Klicks",
    hours: "Arbeitsstunden",
  },
  axisLabel: "Gegen",
  perClass: "Je Klasse",
  bought: (regions, gain) =>
    plural(regions, {
      one: `Die # Region der letzten Runde brachte ${gain}.`,
      other: `Die # Regionen der letzten Runde brachten ${gain}.`,
    }),
  boughtNothing: (regions, loss) =>
    plural(regions, {
      one: `Die # Region der letzten Runde brachte nichts: ${loss}.`,
      other: `Die # Regionen der letzten Runde brachten nichts: ${loss}.`,
    }),
  stop: {
    title: "Hier dürfen Sie aufhören.",
    budget: (labelled, planned) => `${labelled} der Pixel sind annotiert, von ${planned}, die geplant waren.`,
    plateau: (gain) => `Die letzten zwei Runden brachten zusammen ${gain} mittlere IoU.`,
    certainty: (part) =>
      `Die zuletzt gefragten Regionen waren nur zu ${part} so zweifelhaft wie die der zweifelhaftesten Runde.`,
  },
  interval: (low, high) => `Geschätzt aus zufällig gezogenen Regionen; 95-%-Intervall ${low} bis ${high}`,
  current: "Aktuelle Runde",
  noRound: "Noch keine Runde",
  noRoundBody: "Die erste Runde braucht keine Labels: Sie wählt Regionen, die für Ihre Bilder typisch sind.",
  needImages: "Fügen Sie zuerst Pool-Bilder hinzu; dann kann eine Runde nach ihnen fragen.",
  preparing: "Bilder werden vorbereitet: Vorschaubilder und Regionen…",
  start: "Runde starten",
  startNext: "Nächste Runde starten",
  settings: "Einstellungen…",
  annotate: "Annotieren",
  queue: "Warteschlange",
  remaining: "noch zu annotieren",
  leased: "gerade in Arbeit",
  annotated: "annotiert",
  labelled: "der Pixel annotiert",
  simulated: "Simulierte Annotation",
  simulatedHelp:
    "Antwortet aus den bekannten Label-Maps und startet Runde um Runde, damit Sie die Kurve steigen sehen.",
  stats: {
    iou: "mittlere IoU",
    labelled: "Annotierte Pixel",
    regions: "Regionen",
    clicks: "Klicks",
    time: "Arbeitszeit",
  },
  cost: {
    title: "Aufwand",
    help: "insgesamt und je Region (Median)",
    round: "Runde",
    regions: "Regionen",
    time: "Zeit",
    clicks: "Klicks",
    strokes: "Striche",
    keys: "Tasten",
  },
  addImages: "Bilder hinzufügen",
  exports: "Export",
  exportFormat: "Format",
  exportContent: "Inhalt",
  exportStart: "Exportieren",
  exportEmpty: "Noch nichts exportiert.",
  contents: { annotations: "Annotationen", predictions: "Vorhersagen", both: "Beides" },
  formats: {
    index_png: "Index-PNG",
    coco_rle: "COCO (RLE)",
    coco_panoptic: "COCO Panoptic",
    voc: "Pascal VOC",
    cityscapes: "Cityscapes",
    camvid: "CamVid",
    cvat: "CVAT",
    label_studio: "Label Studio",
    hf: "Hugging Face",
  },
  members: "Personen",
  allMembers: "Alle Personen",
};

export const startRound: Texts["startRound"] = {
  title: "Runde starten",
  trained:
    "Trainiert auf allen bisherigen Antworten, bewertet den Pool und wählt die Regionen, nach denen als Nächstes gefragt wird.",
  cold: "Noch ist nichts annotiert: Ohne Training werden Regionen gewählt, die für die Bilder typisch sind.",
  serving: "Die offene Runde läuft weiter, bis die neuen Regionen da sind; niemand wartet.",
  budget: "Budget",
  byRegions: "Regionen",
  byFraction: "% der Pixel",
  byDefault: "Vorgabe",
  regionsLabel: "Zu fragende Regionen",
  fractionLabel: "Anteil an allen Pool-Pixeln (%)",
  defaultHelp: "0,5 % der Pixel des Pools, mindestens 20 Regionen.",
  zeroHelp: "0 trainiert und misst, ohne etwas zu fragen.",
  method: "Verfahren",
  acquisition: "Auswahlfunktion",
  encoder: "Encoder",
  more: "Weitere Einstellungen",
  reset: "Auf Vorgaben zurücksetzen",
  submit: "Runde starten",
  bounds: (low, high) => `${low} bis ${high}`,
};

export const upload: Texts["upload"] = {
  drop: "Bilder, Ordner oder ein Zip hier ablegen",
  dropNow: "Loslassen zum Hochladen",
  or: "oder",
  files: "Dateien wählen",
  folder: "Ordner wählen",
  formats: "JPEG, PNG, TIFF, WebP; Zip oder Tar für viele auf einmal",
  split: "Als",
  archiveFolders: "Nach den Ordnern im Archiv",
  result: (created, existing, rejected) =>
    [
      created ? `${number(created)} hinzugefügt` : "",
      existing ? `${number(existing)} schon vorhanden` : "",
      rejected ? `${number(rejected)} nicht angenommen` : "",
    ]
      .filter(Boolean)
      .join(", ") || "Nichts hochzuladen",
  states: {
    waiting: "Wartet",
    sending: "Wird hochgeladen",
    created: "Hinzugefügt",
    existing: "Schon vorhanden",
    rejected: "Nicht angenommen",
    processing: "Wird entpackt",
  },
  clear: "Liste leeren",
  progress: (done, all) =>
    plural(all, { one: `${number(done)} von # Datei`, other: `${number(done)} von # Dateien` }),
  andMore: (n) => `und ${number(n)} weitere`,
};
