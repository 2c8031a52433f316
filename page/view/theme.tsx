/** Dark or light, as the system has it until somebody chooses. */
import type { JSX } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';

const NEXT = { system: 'dark', dark: 'light', light: 'system' } as const;
type Theme = keyof typeof NEXT;

export function ThemeButton(): JSX.Element {
  const [theme, setTheme] = useState<Theme>('system');
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return (
    <button type="button" onClick={() => setTheme(NEXT[theme])}>
      Theme: {theme}
    </button>
  );
}
