import type { Texts } from "../en";
import { grammarOf } from "../grammar";

const { number, plural } = grammarOf("de");
const answers = (count: number) => plural(count, { one: "# Antwort", other: "# Antworten" });

export const saving: Texts["saving"] = {
  states: { saved: "gespeichert", saving: "speichert", offline: "offline" },
  sentence: {
    saved: "Alles, was Sie getan haben, ist auf dem Server.",
    savingDraft:
      "Ihre letzten Striche liegen in diesem Browser und sind in wenigen Sekunden auch auf dem Server.",
    savingAnswers: (count) =>
      `${answers(count)} unterwegs zum Server; bis zur Ankunft in diesem Browser aufgehoben.`,
    offlineDraft:
      "Der Server antwortet nicht. Sie können weitermachen: Alles, was Sie malen, bleibt in diesem Browser und wird später von selbst gesendet.",
    offlineAnswers: (count) =>
      `Der Server antwortet nicht. Sie können weitermachen: ${answers(count)} und alles, was Sie malen, bleiben in diesem Browser. Sie werden von selbst gesendet, der Reihe nach und je einmal.`,
    signedOut: (count) =>
      count === 0
        ? "Sie sind abgemeldet. Alles Gemalte bleibt in diesem Browser; melden Sie sich an, um weiterzumachen."
        : `Sie sind abgemeldet. ${answers(count)} und alles Gemalte bleiben in diesem Browser und werden gesendet, sobald Sie sich anmelden.`,
    memoryOnly:
      "Dieser Browser hat keinen Platz dafür: Schließen Sie diese Seite nicht, bevor „gespeichert“ dasteht.",
  },
  toSend: (count) => `${number(count)} zu senden`,
  storage: {
    fullTitle: "Dieser Browser hat keinen Platz mehr für Ihre Arbeit",
    full: "Entwürfe gehen weiter alle paar Sekunden an den Server. Schaffen Sie Platz auf der Festplatte, und schließen Sie diese Seite nicht, solange „speichert“ oder „offline“ dasteht.",
    unavailableTitle: "Dieser Browser hebt Ihre Arbeit nicht auf",
    unavailable:
      "Sein Speicher ist abgeschaltet, wie in manchen privaten Fenstern. Entwürfe gehen weiter alle paar Sekunden an den Server; schließen Sie diese Seite nicht, solange „speichert“ oder „offline“ dasteht.",
  },
  otherTabs: (count) =>
    plural(count, { one: "auch in einem anderen Tab offen", other: "auch in # anderen Tabs offen" }),
  otherTabsHelp:
    "Dieses Projekt ist in mehreren Tabs dieses Browsers zum Annotieren offen. Jeder Tab bekommt eigene Regionen, und jede Antwort wird einmal gesendet. Schließen Sie einen Tab, macht ein anderer mit dem weiter, was dort liegen blieb.",
  secondTabTitle: "Dieses Projekt ist auch in einem anderen Tab offen",
  secondTab:
    "Dieser Tab bekommt eigene Regionen. Schließen Sie den anderen, kommt dessen unfertige Region hierher.",
  unreachableTitle: "Der Server antwortet nicht",
  unreachable:
    "Nichts ist verloren: Was Sie getan haben, liegt in diesem Browser. Die nächste Region erscheint hier von selbst.",
  waiting: (count) => `${answers(count)} noch zu senden.`,
  leaseTitle: "Diese Region hat jetzt jemand anders",
  leaseBody:
    "Von dieser Seite kam eine Weile nichts, darum wurde sie weitergegeben. Ihre Arbeit bleibt erhalten. Abgeben versucht trotzdem, sie zu senden; ist es zu spät, finden Sie sie unter „Aufgehoben“.",
  regionWent: "Die Region ging an jemand anders, bevor Sie begonnen haben. Hier ist die nächste.",
  foundNext:
    "Unfertige Arbeit aus einem geschlossenen Tab oder einem anderen Browser ist da. Sie kommt als Nächstes.",
  putAside: "Aufheben und weiter",
  kept: {
    button: (count) => `Aufgehoben (${number(count)})`,
    title: "Aufgehobene Arbeit",
    lead: "Nichts hiervon wurde gesendet. Es bleibt, bis Sie es wieder aufnehmen oder verwerfen.",
    region: (filename) => `Region in ${filename}`,
    takeUp: "Wieder aufnehmen",
    discard: "Verwerfen",
    confirm: "Endgültig verwerfen",
    keepIt: "Behalten",
    none: "Es ist nichts aufgehoben.",
    reasons: {
      taken:
        "Jemand anders hat diese Region oder hat sie beantwortet: Der Server nahm diese Antwort nicht an.",
      reviewed: "Ihre frühere Antwort wurde inzwischen geprüft: Sie lässt sich nicht mehr ändern.",
      refused:
        "Der Server hat diese Antwort abgelehnt. Nehmen Sie sie wieder auf, verbessern Sie sie und geben Sie sie ab.",
      forbidden: "Sie dürfen in diesem Projekt nicht mehr annotieren. Fragen Sie die Projektleitung.",
      gone: "Der Server kennt diese Region nicht mehr: Ihr Bild oder Projekt wurde entfernt.",
      aside: "Sie haben sie zur Seite gelegt.",
      elsewhere: "Sie malen daran gerade in einem anderen Browser.",
    },
    detail: (detail) => `Der Server sagt: ${detail}`,
    told: "Eine Antwort wurde nicht angenommen. Ihre Arbeit liegt unter „Aufgehoben“.",
  },
  signIn: {
    title: "Sie sind abgemeldet",
    lead: "Nichts ist verloren: Gemaltes und Abgegebenes liegt in diesem Browser. Melden Sie sich an, und es geht dort weiter, wo Sie waren.",
    as: (username) => `Passwort von ${username}`,
    submit: "Anmelden und weiter",
    other: "Mit einem Link angemeldet? Öffnen Sie ihn in einem anderen Tab und kommen Sie hierher zurück.",
    somebodyElse: (username) =>
      `Das war ein anderer Name. Die Arbeit auf dieser Seite gehört ${username}: Melden Sie sich als ${username} an.`,
    hidden: "Anmelden",
  },
};
