interface SliderProps {
  label: string;
  value: number;
  min: number;
  max: number;
  /** The value as people read it. */
  text: string;
  testId?: string;
  onChange(value: number): void;
}

/** A slider with its name and value in one line. It lets the focus go when the pointer does, so keys go on working. */
export function Slider({ label, value, min, max, text, testId, onChange }: SliderProps) {
  return (
    <label className="slider">
      <span className="muted">{label}</span>
      <input
        type="range"
        min={min}
        max={max}
        value={value}
        aria-valuetext={text}
        data-testid={testId}
        onChange={(event) => onChange(Number(event.target.value))}
        onPointerUp={(event) => event.currentTarget.blur()}
      />
      <output>{text}</output>
    </label>
  );
}
