import { useAnnotate } from "@/annotating/state";
import { patternImage, patternOf } from "@/viewer/patterns";

/** A class's colour and, where patterns are on, its hatching: as it looks on the canvas. */
export function Swatch({ value, color }: { value: number; color?: string }) {
  const hasPatterns = useAnnotate((state) => state.hasPatterns);
  const pattern = hasPatterns && color ? patternImage(patternOf(value)) : null;
  return (
    <span
      className={color ? "swatch" : "swatch void"}
      style={color ? { backgroundColor: color, backgroundImage: pattern ?? undefined } : undefined}
    />
  );
}
