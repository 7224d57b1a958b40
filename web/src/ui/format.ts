/** Numbers, shares and times as people read them, in the page's language. */
import { language, texts } from "@/texts";

const NONE = texts.common.none;

function formatter(options: Intl.NumberFormatOptions): (value: number) => string {
  const format = new Intl.NumberFormat(language, options);
  return (value) => format.format(value);
}

const unit = (name: string, digits = 0) =>
  formatter({
    style: "unit",
    unit: name,
    unitDisplay: "short",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });

const PERCENTS = [0, 1].map((digits) =>
  formatter({ style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }),
);
const SMALL_SHARE = formatter({ style: "percent", maximumSignificantDigits: 2 });
const WHOLE = formatter({ maximumFractionDigits: 0 });

export function percent(fraction: number | null | undefined, digits: 0 | 1 = 1): string {
  return fraction === null || fraction === undefined ? NONE : PERCENTS[digits](fraction);
}

/** A share that may be tiny: two digits that mean something, never "0.0 %" for something. */
export function share(fraction: number | null | undefined): string {
  if (fraction === null || fraction === undefined) return NONE;
  if (fraction === 0 || fraction === 1) return percent(fraction, 0);
  return fraction >= 0.1 ? percent(fraction) : SMALL_SHARE(fraction);
}

/** A share in whole percent, for narrow places: "<1 %" for a little of something. */
export function roughShare(fraction: number): string {
  return fraction > 0 && fraction < 0.01 ? `<${percent(0.01, 0)}` : percent(fraction, 0);
}

const POINTS = formatter({ signDisplay: "always", minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** A difference of two shares: "+2.1", to be read as percentage points. */
export function difference(fraction: number): string {
  return POINTS(100 * fraction);
}

/** A difference of two shares, in points. */
export function points(fraction: number): string {
  return texts.common.points(difference(fraction));
}

export function decimal(value: number, digits: number): string {
  return value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : WHOLE(value);
}

const SECONDS = unit("second");
const MINUTES = unit("minute");
const HOURS = [unit("hour"), unit("hour", 1)];

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return NONE;
  if (seconds < 60) return SECONDS(Math.max(1, Math.round(seconds)));
  if (seconds < 3600) return MINUTES(Math.round(seconds / 60));
  return hours(seconds / 3600);
}

export function hours(value: number): string {
  return value < 10 ? HOURS[1](value) : HOURS[0](value);
}

const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte"].map((name, power) =>
  unit(name, power === 0 ? 0 : 1),
);

export function bytes(size: number | null | undefined): string {
  if (size === null || size === undefined) return NONE;
  const power = size < 1000 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log10(size) / 3));
  return SIZES[power](size / 1000 ** power);
}

const RELATIVE = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });

export function ago(time: string | null | undefined): string {
  if (!time) return NONE;
  const seconds = (Date.parse(time) - Date.now()) / 1000;
  const [name, size] = (
    [
      ["second", 1],
      ["minute", 60],
      ["hour", 3600],
      ["day", 86400],
    ] as const
  ).findLast(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return RELATIVE.format(Math.round(seconds / size), name);
}

const DAY = new Intl.DateTimeFormat(language, { dateStyle: "medium" });

export function day(time: string): string {
  return DAY.format(new Date(time));
}
