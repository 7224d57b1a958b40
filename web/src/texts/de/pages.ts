import type { Texts } from "../en";
import { grammarOf } from "../grammar";

const { number } = grammarOf("de");

/** Wörter der Seiten Runden, Modelle, Bilder, Personen und Prüfen. */
export const rounds: Texts["rounds"] = {
  title: "Runden",
  empty: "Noch keine Runde",
  emptyBody:
    "Eine Runde trainiert auf dem Bekannten, bewertet den Pool, wählt Regionen aus und legt sie Personen vor.",
  columns: {
    number: "Runde",
    state: "Zustand",
    method: "Verfahren",
    labelled: "Vorher annotiert",
    regions: "Beantwortet",
    iou: "mittlere IoU",
    started: "Begonnen",
  },
  live: "Live",
  loss: "Trainingsverlust",
  stepAxis: "Schritt",
  lossEmpty: "Der Verlust erscheint, sobald trainiert wird.",
  step: (step, all) => `Schritt ${number(step)} von ${number(all)}`,
  eta: (time) => `noch etwa ${time}`,
  cancel: "Runde abbrechen",
  cancelConfirm: "Diese Runde abbrechen? Das Training hört auf; Antworten bleiben erhalten.",
  retry: "Wiederholen",
  closeRound: "Runde schließen",
  closeConfirm:
    "Diese Runde schließen? Noch nicht annotierte Regionen werden zurückgenommen. Antworten bleiben erhalten.",
  waiting: "Wartet",
  perClass: "IoU je Klasse",
  settings: "Einstellungen",
  coldStart: "Kaltstart",
  error: "Fehler",
  jobKinds: {
    features: "Merkmale",
    train: "Trainieren",
    evaluate: "Messen",
    score: "Bewerten",
    select: "Auswählen",
    ingest: "Vorbereiten",
    export: "Exportieren",
  },
  steps: {
    training: "Trainieren",
    scoring: "Bewerten",
    selecting: "Auswählen",
    annotating: "Annotieren",
  },
};

export const models: Texts["models"] = {
  title: "Modelle",
  empty: "Noch kein Modell",
  emptyBody: "Die erste Runde, die trainiert, erzeugt die erste Modellversion.",
  active: "Aktiv",
  activate: "Dieses verwenden",
  activated: (n) => `Modell ${number(n)} wird jetzt verwendet; freie Regionen werden neu gereiht.`,
  weights: "Gewichte",
  version: (n) => `Modell ${number(n)}`,
  columns: {
    version: "Version",
    round: "Runde",
    iou: "mittlere IoU",
    accuracy: "Pixelgenauigkeit",
    labelled: "Annotiert",
    method: "Verfahren",
    steps: "Bildschritte",
    time: "Rechenzeit",
    created: "Trainiert",
  },
};

export const images: Texts["images"] = {
  title: "Bilder",
  empty: "Noch keine Bilder",
  emptyBody: "Legen Sie Bilder, Ordner oder ein Zip auf der Fläche oben ab.",
  noMatch: "Kein Bild passt dazu.",
  search: "Nach Dateinamen suchen",
  all: "Alle",
  labelled: (share) => `${share} annotiert`,
  notReady: "wird vorbereitet",
  add: "Bilder hinzufügen",
  layers: { none: "Bild", labels: "Labels", prediction: "Vorhersage", heat: "Unsicherheit" },
  layerMissing: "Zu diesem Bild gibt es noch keine solche Karte.",
  making: "Sie wird gerade erzeugt; versuchen Sie es gleich noch einmal.",
  remove: "Bild ausblenden",
  removeConfirm:
    "Dieses Bild ausblenden? Seine Annotationen fallen aus Training und Exporten heraus. Es kann wiederhergestellt werden.",
  previous: "Voriges Bild",
  next: "Nächstes Bild",
  size: (w, h) => `${w} × ${h}`,
  opacity: "Deckkraft",
  sizeLabel: "Größe",
};

export const people: Texts["people"] = {
  title: "Personen",
  members: "In diesem Projekt",
  addMember: "Zum Projekt hinzufügen",
  user: "Person",
  role: "Rolle",
  users: "Konten auf diesem Server",
  newUser: "Neues Konto",
  username: "Benutzername",
  password: "Passwort",
  isAdmin: "Administration",
  created: (name) => `${name} kann sich jetzt anmelden.`,
  tokens: "API-Tokens",
  tokensBody: "Für Skripte und den Befehl segloop. Ein Token handelt in Ihrem Namen.",
  tokenName: "Wofür es ist",
  tokenDays: "Tage bis zum Ablauf",
  newToken: "Neues Token",
  tokenOnce: "Jetzt kopieren: Es wird nur dieses eine Mal gezeigt.",
  noTokens: "Keine Tokens.",
  expires: (date) => `läuft am ${date} ab`,
  neverExpires: "läuft nicht ab",
  revoke: "Widerrufen",
  noMembers: "Bisher nur Sie.",
  adminHelp: "Wer administriert, leitet jedes Projekt.",
};

export const review: Texts["review"] = {
  title: "Prüfen",
  lead: "Was beantwortet wurde, in dieser Reihenfolge. Annehmen, Zurückgeben und Verbessern gibt es in dieser Version noch nicht.",
  empty: "Noch keine Annotationen",
  emptyBody: "Sie erscheinen hier, sobald Regionen abgegeben werden.",
  regionAt: ([x, y, w, h]) => `${w} × ${h} bei ${x}, ${y}`,
  version: (version) => (version > 1 ? `Version ${version}` : ""),
  columns: {
    round: "Runde",
    region: "Region",
    who: "Von",
    state: "Zustand",
    kind: "Art",
    clicks: "Klicks",
    time: "Zeit",
    when: "Wann",
  },
};
