import type { ServerTexts } from "../server";
import { common } from "./common";
import { review } from "./pages";

/** Ein Wort des Servers für einen Zustand, eine Rolle; eines, das hier fehlt, bleibt, wie es ist. */
const wordIn = (words: Readonly<Record<string, string>>, code: string | number): string =>
  Object.hasOwn(words, code) ? words[code] : String(code);

const round = ({ number, state }: Readonly<Record<string, string | number>>) =>
  `Runde ${number} ist im Zustand „${wordIn(common.roundStates, state)}“`;

/** Was der Server sagt, auf Deutsch. */
export const server: ServerTexts = {
  problems: {
    not_signed_in: ({ detail }) => `Sie sind nicht angemeldet. Der Server sagt: ${detail}`,
    not_allowed: ({ detail }) => `Das dürfen Sie hier nicht. Der Server sagt: ${detail}`,
    not_found: () => "Das gibt es nicht, oder es ist nicht für Sie bestimmt.",
    method_not_allowed: ({ detail }) => `Das geht hier nicht. Der Server sagt: ${detail}`,
    conflict: ({ detail }) => `Das verträgt sich nicht mit dem jetzigen Stand. Der Server sagt: ${detail}`,
    too_large: ({ detail }) => `Das ist dem Server zu groß. Er sagt: ${detail}`,
    range_not_satisfiable: ({ detail }) => `So weit reicht die Datei nicht. Der Server sagt: ${detail}`,
    invalid: ({ detail }) => `Diese Angaben nimmt der Server nicht. Er sagt: ${detail}`,
    too_many_requests: ({ detail }) => `Das war zu oft in kurzer Zeit. Der Server sagt: ${detail}`,
    internal: () => "Im Server ist etwas schiefgegangen. Sein Protokoll nennt den Grund.",
    not_ready: ({ detail }) => `Der Server ist gerade nicht bereit. Er sagt: ${detail}`,

    wrong_sign_in: () => "Das Passwort stimmt nicht, oder es gibt diesen Benutzernamen nicht.",
    too_many_sign_ins: ({ seconds }) =>
      `Zu viele falsche Passwörter für diesen Namen: Versuchen Sie es in ${seconds} s wieder.`,
    too_short: ({ shortest }) => `Das Passwort braucht mindestens ${shortest} Zeichen.`,
    username_taken: ({ username }) => `Den Benutzernamen „${username}“ gibt es schon.`,
    user_disabled: ({ username }) => `„${username}“ ist gesperrt.`,
    last_admin: () => "Das ist der letzte Mensch mit Administrationsrecht: Geben Sie es erst jemand anderem.",
    last_owner: () => "Ein Projekt braucht eine Leitung: Machen Sie erst jemand anderen dazu.",
    admins_only: () => "Das darf nur die Administration.",
    role_needed: ({ needed, role }) =>
      `Dafür braucht es in diesem Projekt die Rolle „${wordIn(common.roles, needed)}“; Ihre ist „${wordIn(common.roles, role)}“.`,

    class_name_twice: ({ name }) => `Zwei Klassen hießen dann „${name}“.`,
    too_many_classes: ({ most }) => `Ein Projekt hat höchstens ${most} Klassen.`,
    partition_busy: () =>
      "Bilder dieses Projekts werden gerade in Regionen geteilt: Die Einteilung ändert man vor dem Hochladen.",
    partition_fixed: () =>
      "Die Einteilung steht fest: Bilder dieses Projekts sind schon in Regionen geteilt.",
    too_many_regions: ({ filename, width, height }) =>
      `„${filename}“ (${width} × ${height}) hätte mehr als 65.535 Regionen.`,
    regions_not_made: () => "Die Regionen dieses Bildes entstehen noch: Versuchen Sie es gleich noch einmal.",

    pool_empty: () => "Der Pool ist leer: Laden Sie erst Bilder für den Pool hoch.",
    nothing_labelled: () =>
      "Noch ist nichts annotiert; eine Runde mit Budget 0 hätte nichts, woraus sie lernt.",
    round_active: (values) => `${round(values)}: Warten Sie auf sie, oder brechen Sie sie erst ab.`,
    round_just_started: () =>
      "Gerade wurde eine andere Runde gestartet: Warten Sie auf sie, oder brechen Sie sie erst ab.",
    round_not_cancellable: (values) =>
      `${round(values)}: Abbrechen lässt sich nur, was noch keine Regionen zeigt. Eine offene Runde schließt man.`,
    round_not_closable: (values) =>
      `${round(values)}: Schließen lässt sich nur eine Runde, in der annotiert wird oder die fehlgeschlagen ist.`,
    round_not_retriable: (values) => `${round(values)}: Wiederholen lässt sich nur, was fehlgeschlagen ist.`,
    round_stopping: ({ number }) =>
      `Jobs von Runde ${number} halten gerade noch an: Versuchen Sie es gleich noch einmal.`,
    model_without_weights: ({ number }) => `Modell ${number} hat keine Gewichte.`,
    export_without_file: ({ state }) =>
      `Dieser Export hat keine Datei: Er ist im Zustand „${wordIn(common.jobStates, state)}“.`,

    too_many_leases: ({ held }) =>
      `Sie haben schon ${held} Regionen in Arbeit: Geben Sie erst einige ab oder zurück.`,
    lease_lost: () =>
      "Die Zeit für diese Region ist abgelaufen, und jemand anderes hat sie jetzt. Ihre Arbeit bleibt als Entwurf.",
    region_given_back: () =>
      "Sie haben diese Region übersprungen oder zurückgegeben. Ihre Arbeit bleibt als Entwurf.",
    region_answered: () => "Diese Region ist schon beantwortet: Ändern Sie die Antwort.",
    region_of_another: () => "Diese Region hat jemand anderes bekommen.",
    answer_outdated: ({ version, name, last }) =>
      `Version ${version} ist überholt: ${name} hat noch einmal geantwortet (Version ${last}).`,
    answer_fixed: ({ name }) => `${name} hat diese Antwort schon verbessert: Sehen Sie sich das erst an.`,
    answer_reviewed: ({ name, verdict }) =>
      `${name} hat schon geurteilt („${wordIn(review.verdicts, verdict)}“): Nehmen Sie das erst zurück.`,
    answer_settled: () => "Diese Antwort ist schon geprüft: Sie lässt sich nicht mehr ändern.",
    fix_stands: () => "Das ist die Verbesserung eines Prüfers: Sie gilt, bis sie zurückgenommen wird.",
    fix_was_fixed: () => "Diese Verbesserung wurde selbst verbessert: Nehmen Sie erst jene zurück.",
    own_answer: () =>
      "Niemand prüft die eigene Antwort, solange es jemand anderes kann: Ändern Sie sie stattdessen.",
    verdict_of_another: () => "Zurücknehmen kann das nur, wer es entschieden hat, oder die Projektleitung.",
  },
  methods: {
    s4al_plus: "Antworten und Pseudo-Labels zusammen, mit kontrastivem Verlust (S4AL+)",
    segloop:
      "S4AL+ für wenige Antworten: jede Runde macht bei der letzten weiter, gefragt wird nach den zweifelhaftesten Bildern",
    s4al: "ein Mittel der Schülergewichte als Lehrer, Bilder nach Klassen gemischt (S4AL)",
    supervised: "nur Antworten",
  },
  acquisitions: {
    bald: "wie sehr sich das Modell unter Dropout selbst widerspricht (BALD; Einstellung dropout_passes)",
    bvsb: "wie nah sich die zwei wahrscheinlichsten Klassen sind: ihr Verhältnis",
    coreset: "wovon das Modell nichts Ähnliches gesehen hat: gieriges k-Center über Merkmale der Regionen",
    entropy: "wie breit die Wahrscheinlichkeiten gestreut sind",
    least_confidence: "wie unwahrscheinlich die wahrscheinlichste Klasse ist",
    margin: "wie nah sich die zwei wahrscheinlichsten Klassen sind: eins minus ihr Abstand",
    prototype_distance:
      "wie wenig eine Region einer bisher beantworteten Klasse gleicht (braucht reco_weight über 0)",
    random: "zufällig: womit sich jede andere vergleicht",
    ripu: "wie viele Klassen in einer Region zusammenkommen, mal der Unsicherheit des Modells (RIPU)",
  },
  settings: {
    method: "wie eine Runde trainiert",
    acquisition: "was eine Region fragenswert macht",
    encoder:
      "efficientnet_lite0; oder mobilenet_v2 oder timm:<Name>, deren encoder_weights angegeben sein müssen",
    encoder_weights:
      "imagenet (hier nur für efficientnet_lite0), random oder eine safetensors-Datei (in weights/)",
    image_height_px: "Höhe, in der Bilder trainiert und bewertet werden",
    image_width_px: "Breite, in der Bilder trainiert und bewertet werden",
    image_steps: "Bilder, die in dieser Runde durch einen Trainingsschritt gehen, Wiederholungen mitgezählt",
    batch_labelled: "annotierte Bilder je Schritt, sobald Pseudo-Labels dabei sind",
    batch_unlabelled: "Bilder mit Pseudo-Labels je Schritt",
    batch_supervised: "Bilder je Schritt, solange nur auf Antworten trainiert wird",
    generation_0_share:
      "Anteil von image_steps nur auf Antworten, bevor es Pseudo-Labels gibt; 0 = das Netz der letzten Runde macht sie, und eine erste Runde hat keine anderen (S4AL+ selbst)",
    num_generations: "Generationen des Selbsttrainings nach Generation 0",
    optimiser: "sgd mit Nesterovs Impuls, oder adamw, dessen Lernraten 10- bis 50-mal kleiner sind",
    lr_encoder: "Grund-Lernrate des Encoders",
    lr_heads: "Grund-Lernrate von allem anderen",
    weight_decay: "sgd: L2-Strafe; adamw: Abnahme der Gewichte, mal der Lernrate",
    poly_power: "Exponent, mit dem die Lernrate abnimmt",
    poly_stairs:
      "in so vielen Stufen nimmt die Lernrate ab (veröffentlichtes S4AL+: 100); 0 = bei jedem Schritt",
    scale_min: "kleinste zufällige Skalierung",
    scale_max: "größte zufällige Skalierung",
    cutout_px: "Seite des ausgeschnittenen Quadrats in Trainingsgröße; 0 = keines",
    cutout_label: "was das ausgeschnittene Loch in der Label-Karte ist",
    pseudo_label_threshold: "ab dieser größten Wahrscheinlichkeit eines Pixels gilt sein Pseudo-Label",
    pseudo_label_quantile:
      "die Schwelle einer Klasse sinkt auf dieses Quantil der Sicherheiten ihrer Pixel, wo das tiefer liegt, damit seltene Klassen Pseudo-Labels behalten; 1 = eine Schwelle für alle",
    teacher:
      "Pseudo-Labels vom letzten Netz, einmal je Generation, oder bei jedem Schritt von einem Mittel der Schülergewichte (EMA); ein solcher Schüler macht bei der Generation davor weiter",
    ema_decay: "wie langsam das Mittel den Gewichten folgt, wenn es eingelaufen ist",
    keep_ema_weights: "eine Generation hinterlässt das Mittel ihrer Gewichte statt der letzten",
    confidence_weighting:
      "EMA-Lehrer: ein Pseudo-Label wiegt im Verlust seine Wahrscheinlichkeit mal den Anteil seines Bildes, der sehr sicher ist",
    mixing: "was von einem nicht annotierten Bild eines Stapels ins nächste geklebt wird",
    loss_means:
      "ein Mittel über Antworten und Pseudo-Labels zusammen (all_pixels: stets auch über übergangene) oder eines für jedes",
    pseudo_label_weight: "getrennte Mittel: Gewicht der Pseudo-Labels neben dem der Antworten",
    rare_class_power:
      "Klassen wiegen im Verlust mit dieser Potenz ihrer umgekehrten Häufigkeit unter beantworteten Pixeln, damit seltene in wenigen Schritten gelernt werden; 0 = alle gleich, 0,5 = Kehrwert der Wurzel",
    reco_weight: "Gewicht des kontrastiven Verlusts über Regionen; 0 = aus",
    reco_negatives: "Negative für jeden Anker neu oder ein Vorrat je Klasse",
    reco_num_anchors: "schwierige Anker je Klasse und Schritt",
    reco_num_negatives: "Negative je Anker",
    reco_temperature: "Temperatur des kontrastiven Verlusts",
    reco_hard_threshold: "Anker sind Pixel, die weniger sicher sind als das",
    embedding_dim: "Kanäle des Repräsentations-Kopfes",
    separable_aspp: "tiefenweise trennbares ASPP: schneller, etwas schwächer",
    dominant_weight: "Gewicht von Antworten mit nur einer vorherrschenden Klasse im Verlust",
    score_scales: "Skalierungen, deren Logits gemittelt werden",
    dropout_passes: "Durchläufe unter Dropout, die bald vergleicht",
    class_balance: "nu im Gewicht (nu p_c + 1)^-2 auf die vorhergesagte Klasse; 0 = aus",
    cold_start:
      "was gefragt wird, solange es kein Modell gibt: typische Regionen, zufällige, oder alle von zufälligen Bildern (so macht es S4AL+)",
    quota: "in jedem Bild gleich viele Regionen oder eine Rangfolge über alle",
    image_cap_factor:
      "Rangfolge über alle: kein Bild bekommt mehr als so viel Mal den Durchschnitt, über image_share hinaus",
    image_share:
      "Rangfolge über alle und Kaltstart: Ein Bild, nach dem überhaupt gefragt wird, bekommt mindestens diesen Anteil seiner Regionen, doch höchstens ein Achtel des Budgets; 0 = keine Untergrenze",
    suppress_neighbours: "in einer Runde nicht nach zwei Regionen fragen, die sich berühren",
    top_factor:
      "Rangfolge über alle: die Regionen zufällig aus so viel Mal den Besten des Budgets ziehen; 1 = die Besten",
    audit_fraction:
      "Anteil des Budgets, der nach zufällig gezogenen Regionen fragt: Sie messen das Modell und trainieren es nie",
    allow_border: "auch nach Zellen am Rand fragen (der veröffentlichte Code verbietet sie)",
    warm_start: "bei den Gewichten der letzten Runde und Generation weitermachen statt bei ImageNet",
    warm_lr_factor: "Lernraten beim Weitermachen, als Anteil der Grund-Lernraten",
    num_threads: "CPU-Threads für torch; 0 = was torch selbst wählt",
    device: "auto, cpu oder cuda:<n>",
    precision: "auto, fp32, bf16 oder fp16",
    deterministic: "deterministische Algorithmen: gleicher Seed, gleiche Gewichte, langsamer",
    agreement_fraction:
      "Anteil der Regionen, nach denen auch eine zweite Person gefragt wird, um Übereinstimmung zu messen",
    seed: "alles Zufällige in der Runde folgt daraus",
  },
};
