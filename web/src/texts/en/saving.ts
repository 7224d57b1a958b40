/** Words of the annotate page about what is saved, where, and what became of it. */
import { grammarOf } from "../grammar";

const { number, plural } = grammarOf("en");
const answers = (count: number) => plural(count, { one: "# answer", other: "# answers" });

export const saving = {
  states: { saved: "saved", saving: "saving", offline: "offline" },
  sentence: {
    saved: "Everything you did is on the server.",
    savingDraft: "Your last strokes are kept in this browser and reach the server within seconds.",
    savingAnswers: (count: number) =>
      `${answers(count)} on the way to the server, kept in this browser until there.`,
    offlineDraft:
      "The server does not answer. You can go on: everything you paint is kept in this browser and sent by itself later.",
    offlineAnswers: (count: number) =>
      `The server does not answer. You can go on: ${answers(count)} and everything you paint are kept in this browser. They are sent by themselves, in order, once each.`,
    signedOut: (count: number) =>
      count === 0
        ? "You are signed out. Everything you painted is kept in this browser; sign in to go on."
        : `You are signed out. ${answers(count)} and everything you painted are kept in this browser and are sent when you sign in.`,
    memoryOnly: "This browser has no room to keep them: do not close this page before it says “saved”.",
  },
  toSend: (count: number) => `${number(count)} to send`,
  storage: {
    fullTitle: "This browser has no room left to keep your work",
    full: "Drafts still go to the server every few seconds. Free some disk space, and do not close this page while it says “saving” or “offline”.",
    unavailableTitle: "This browser does not keep your work",
    unavailable:
      "Its storage is switched off, as in some private windows. Drafts still go to the server every few seconds; do not close this page while it says “saving” or “offline”.",
  },
  otherTabs: (count: number) =>
    plural(count, { one: "open in another tab too", other: "open in # other tabs too" }),
  otherTabsHelp:
    "You have this project open for labelling in more than one tab of this browser. Each tab gets regions of its own, and each answer is sent once. When you close a tab, another goes on with what it left.",
  secondTabTitle: "This project is open in another tab too",
  secondTab: "This tab gets regions of its own. Close the other one and its unfinished region comes here.",
  unreachableTitle: "The server does not answer",
  unreachable:
    "Nothing is lost: what you did is kept in this browser. The next region appears here by itself.",
  waiting: (count: number) => `${answers(count)} waiting to be sent.`,
  leaseTitle: "Somebody else has this region now",
  leaseBody:
    "It was free to be given away because nothing came from this page for a while. Your work is kept. Submit tries to send it all the same; if it is too late, you find it under “Kept work”.",
  regionWent: "That region went to somebody else before you began. Here is the next one.",
  foundNext: "Unfinished work from a closed tab or another browser was found. It comes next.",
  putAside: "Keep it and go on",
  kept: {
    button: (count: number) => `Kept work (${number(count)})`,
    title: "Kept work",
    lead: "Nothing here was sent. It stays until you take it up again or discard it.",
    region: (filename: string) => `Region in ${filename}`,
    takeUp: "Take up again",
    discard: "Discard",
    confirm: "Discard for good",
    keepIt: "Keep",
    none: "There is no kept work.",
    reasons: {
      taken: "Somebody else has this region or has answered it: the server did not take this answer.",
      reviewed: "Your earlier answer was reviewed meanwhile: it can no longer be changed.",
      refused: "The server refused this answer. Take it up again, correct it, and submit it.",
      forbidden: "You may not label in this project any more. Ask its owner.",
      gone: "The server does not know this region any more: its image or project was removed.",
      aside: "You put it aside.",
      elsewhere: "You are painting it in another browser at this moment.",
    },
    detail: (detail: string) => `The server said: ${detail}`,
    told: "An answer was not taken. Your work is under “Kept work”.",
  },
  signIn: {
    title: "You are signed out",
    lead: "Nothing is lost: what you painted and submitted is kept in this browser. Sign in, and you go on where you were.",
    as: (username: string) => `Password of ${username}`,
    submit: "Sign in and go on",
    other: "Signed in with a link? Open it in another tab, then come back to this one.",
    somebodyElse: (username: string) =>
      `That was somebody else's name. The work on this page is ${username}'s: sign in as ${username}.`,
    hidden: "Sign in",
  },
};
