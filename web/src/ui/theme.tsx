import { create } from "zustand";
import { texts } from "@/texts";
import { Icon } from "./icons";
import { Menu } from "./menu";

const KEY = "segloop.theme";
const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];
const ICONS = { system: "screen", light: "sun", dark: "moon" } as const;

function stored(): Theme {
  const value = localStorage.getItem(KEY) as Theme | null;
  return value && THEMES.includes(value) ? value : "system";
}

export const useTheme = create<{ theme: Theme }>(() => ({ theme: stored() }));

export function applyTheme(theme: Theme = stored()): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  localStorage.setItem(KEY, theme);
  useTheme.setState({ theme });
}

export function ThemeMenu() {
  const { theme } = useTheme();
  return (
    <Menu label={texts.common.theme.label} trigger={<Icon name={ICONS[theme]} />}>
      {(close) =>
        THEMES.map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === theme}
            onClick={() => {
              applyTheme(name);
              close();
            }}
          >
            <Icon name={ICONS[name]} size={16} />
            <span className="grow">{texts.common.theme[name]}</span>
            {name === theme && <Icon name="check" size={14} />}
          </button>
        ))
      }
    </Menu>
  );
}
