import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useTheme } from "./theme";

export interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** A CSS colour or custom property. */
  readonly color: string;
  readonly width?: number;
}

interface ChartProps {
  x: readonly number[];
  series: readonly Series[];
  xLabel: string;
  formatX(value: number): string;
  formatY(value: number): string;
  height?: number;
  /** The y axis, when the data should not choose it. */
  yRange?: [number, number];
  showPoints?: boolean;
  label: string;
  testId?: string;
}

function cssColor(color: string): string {
  const probe = document.createElement("span");
  probe.style.color = color.startsWith("--") ? `var(${color})` : color;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function plotOptions(props: ChartProps, width: number): uPlot.Options {
  const axis = {
    stroke: cssColor("--text-3"),
    grid: { stroke: cssColor("--border"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui",
  };
  return {
    width,
    height: props.height ?? 240,
    padding: [10, 14, 0, 0],
    cursor: { y: false, points: { size: 7 } },
    legend: { live: true },
    scales: { x: { time: false }, y: props.yRange ? { range: props.yRange } : {} },
    axes: [
      {
        ...axis,
        size: 30,
        space: 70,
        values: (_, ticks) => ticks.map(props.formatX),
      },
      { ...axis, size: 54, space: 36, values: (_, ticks) => ticks.map(props.formatY) },
    ],
    series: [
      { label: props.xLabel, value: (_, value) => (value === null ? "–" : props.formatX(value)) },
      ...props.series.map((line) => ({
        label: line.label,
        stroke: cssColor(line.color),
        width: line.width ?? 2,
        spanGaps: true,
        points: { show: props.showPoints ?? true, size: 6, fill: cssColor("--surface") },
        value: (_: uPlot, value: number | null) => (value === null ? "–" : props.formatY(value)),
      })),
    ],
  };
}

/** Lines over numbers. Drawn again when data, width or theme change. */
export function Chart(props: ChartProps) {
  const host = useRef<HTMLElement>(null);
  const { theme } = useTheme();
  const key = JSON.stringify([props.x, props.series, props.xLabel, props.height, props.yRange]);
  const latest = useRef(props);
  latest.current = props;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for the data, `theme` for the colours
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const draw = () => {
      const { x, series } = latest.current;
      element.replaceChildren();
      return new uPlot(
        plotOptions(latest.current, element.clientWidth),
        [x, ...series.map((line) => line.values)] as uPlot.AlignedData,
        element,
      );
    };
    let plot = draw();
    const observer = new ResizeObserver(() => {
      plot.setSize({ width: element.clientWidth, height: latest.current.height ?? 240 });
    });
    observer.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => {
      plot.destroy();
      plot = draw();
    };
    scheme.addEventListener("change", redraw);
    return () => {
      observer.disconnect();
      scheme.removeEventListener("change", redraw);
      plot.destroy();
    };
  }, [key, theme]);
  return (
    <figure className="chart" ref={host} role="img" aria-label={props.label} data-testid={props.testId} />
  );
}
