/** Numbers, shares and times as people read them. */
import { texts } from "@/texts/en";

const NONE = texts.common.none;

export function percent(fraction: number | null | undefined, digits = 1): string {
  return fraction === null || fraction === undefined ? NONE : `${(100 * fraction).toFixed(digits)} %`;
}

/** A share that may be tiny: two digits that mean something, never "0.0 %" for something. */
export function share(fraction: number | null | undefined): string {
  if (fraction === null || fraction === undefined) return NONE;
  if (fraction === 0 || fraction === 1) return `${100 * fraction} %`;
  const value = 100 * fraction;
  return `${value >= 10 ? value.toFixed(1) : value.toPrecision(2)} %`;
}

/** A difference of two shares, in points. */
export function points(difference: number): string {
  const sign = difference >= 0 ? "+" : "−";
  return `${sign}${Math.abs(100 * difference).toFixed(1)} points`;
}

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : value.toLocaleString("en");
}

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return NONE;
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  const hours = seconds / 3600;
  return hours < 10 ? `${hours.toFixed(1)} h` : `${Math.round(hours)} h`;
}

export function bytes(size: number | null | undefined): string {
  if (size === null || size === undefined) return NONE;
  const units = ["B", "kB", "MB", "GB"];
  const power = size < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(size) / 3));
  return `${(size / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

export function ago(time: string | null | undefined): string {
  if (!time) return NONE;
  const seconds = (Date.parse(time) - Date.now()) / 1000;
  const [unit, size] = (
    [
      ["second", 1],
      ["minute", 60],
      ["hour", 3600],
      ["day", 86400],
    ] as const
  ).findLast(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return RELATIVE.format(Math.round(seconds / size), unit);
}
