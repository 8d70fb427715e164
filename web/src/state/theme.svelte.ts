// Light, dark, or as the system says.

export type Theme = 'system' | 'light' | 'dark';

class ThemeState {
  chosen = $state<Theme>(storedTheme());
  #systemDark = $state(typeof window !== 'undefined' && window.matchMedia('(prefers-color-scheme: dark)').matches);

  constructor() {
    if (typeof window === 'undefined') return;
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', (event) => {
      this.#systemDark = event.matches;
      this.#show();
    });
    this.#show();
  }

  get shown(): 'light' | 'dark' {
    return this.chosen === 'system' ? (this.#systemDark ? 'dark' : 'light') : this.chosen;
  }

  toggle(): void {
    this.chosen = this.shown === 'dark' ? 'light' : 'dark';
    this.#show();
    try {
      localStorage.setItem('aeolian-theme', this.chosen);
    } catch {
      // the choice then lasts as long as the page
    }
  }

  #show(): void {
    document.documentElement.dataset['theme'] = this.shown;
  }
}

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem('aeolian-theme');
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}

export const theme = new ThemeState();
