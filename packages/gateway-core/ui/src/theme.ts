/** Light, dark, or as the system has it; remembered by the browser. */
const KEY = "openclaw-theme";

export type Theme = "system" | "light" | "dark";

/** With what they are called. */
export const THEMES: readonly (readonly [Theme, string])[] = [
  ["system", "System"],
  ["light", "Light"],
  ["dark", "Dark"],
];

export function isTheme(text: string | null): text is Theme {
  return THEMES.some(([theme]) => theme === text);
}

export function currentTheme(): Theme {
  const kept = localStorage.getItem(KEY);
  return isTheme(kept) ? kept : "system";
}

export function useTheme(theme: Theme): void {
  if (theme === "system") {
    localStorage.removeItem(KEY);
    delete document.documentElement.dataset["theme"];
  } else {
    localStorage.setItem(KEY, theme);
    document.documentElement.dataset["theme"] = theme;
  }
}
