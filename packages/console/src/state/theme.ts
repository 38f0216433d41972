/** Light or dark: as the system, until the user chooses. */
import { effect, signal } from '@preact/signals';

/** What the user can choose. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'mcp-daemon-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

function stored(): Theme {
  const text = localStorage.getItem(KEY);
  return text === 'light' || text === 'dark' ? text : 'system';
}

/** The user's choice. */
export const theme = signal<Theme>(stored());
const systemIsDark = signal(dark.matches);

/** Whether the page is dark now. Charts draw their own colours. */
export const isDark = (): boolean => (theme.value === 'system' ? systemIsDark.value : theme.value === 'dark');

/** Keeps the page in step with the choice. Called once, when the page starts. */
export function followTheme(): void {
  dark.addEventListener('change', () => (systemIsDark.value = dark.matches));
  effect(() => {
    document.documentElement.dataset['theme'] = isDark() ? 'dark' : 'light';
    if (theme.value === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme.value);
  });
}
