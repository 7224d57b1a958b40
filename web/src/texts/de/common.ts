import type { Texts } from "../en";

/** Wörter, die mehrere Seiten teilen. */
export const common: Texts["common"] = {
  product: "segloop",
  loading: "Lädt…",
  cancel: "Abbrechen",
  close: "Schließen",
  save: "Speichern",
  undo: "Rückgängig",
  create: "Anlegen",
  add: "Hinzufügen",
  remove: "Entfernen",
  retry: "Noch einmal versuchen",
  download: "Herunterladen",
  copy: "Kopieren",
  copied: "Kopiert",
  more: "Mehr zeigen",
  none: "–",
  dismiss: "Ausblenden",
  skipToContent: "Zum Inhalt springen",
  theme: { label: "Farbschema", system: "Wie das System", light: "Hell", dark: "Dunkel" },
  nav: {
    label: "Projekt",
    projects: "Projekte",
    overview: "Überblick",
    annotate: "Annotieren",
    review: "Prüfen",
    rounds: "Runden",
    models: "Modelle",
    images: "Bilder",
    people: "Personen",
  },
  account: { label: "Konto", signOut: "Abmelden", apiDocs: "API-Referenz", admin: "Administration" },
  roles: { owner: "Leitung", reviewer: "Prüfung", annotator: "Annotation", viewer: "Nur lesen" },
  splits: { pool: "Pool", validation: "Validierung", test: "Test" },
  splitHelp: {
    pool: "darf gefragt werden",
    validation: "misst jede Runde; braucht Label-Maps",
    test: "wird gemessen, entscheidet nie; braucht Label-Maps",
  },
  jobStates: {
    queued: "Wartet",
    running: "Läuft",
    done: "Fertig",
    failed: "Fehlgeschlagen",
    cancelled: "Abgebrochen",
  },
  roundStates: {
    queued: "Wartet",
    training: "Trainiert",
    scoring: "Bewertet",
    selecting: "Wählt aus",
    annotating: "Wird annotiert",
    closed: "Geschlossen",
    failed: "Fehlgeschlagen",
    cancelled: "Abgebrochen",
  },
  meanIou: "mittlere IoU",
  points: (difference) => `${difference} Punkte`,
  language: "Sprache",
  notFound: {
    title: "Hier ist nichts",
    body: "Diese Seite gibt es nicht, oder sie ist nicht für Sie bestimmt.",
    back: "Zu Ihren Projekten",
  },
  crash: { title: "Auf der Seite ist ein Fehler aufgetreten", reload: "Seite neu laden" },
};

export const errors: Texts["errors"] = {
  network:
    "Der Server antwortet nicht. Prüfen Sie die Verbindung; Ihre Arbeit bleibt in diesem Browser erhalten.",
  status: (status) => `Der Server hat mit ${status} geantwortet.`,
  unexpected: "Etwas ist schiefgegangen.",
};

export const login: Texts["login"] = {
  title: "Anmelden",
  lead: "Nur das annotieren, woraus Ihr Modell am meisten lernt.",
  username: "Benutzername",
  password: "Passwort",
  submit: "Anmelden",
  submitting: "Anmeldung läuft…",
  wrong: "Benutzername und Passwort passen nicht zusammen.",
  link: "Zum ersten Mal auf diesem Rechner? Öffnen Sie den Anmelde-Link, den das Terminal beim Start von segloop ausgegeben hat.",
};
