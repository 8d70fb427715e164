// The page's words in the musician's language. One flat dictionary a language; English is the measure of completeness.

import { en, type Words } from './en';
import { zh } from './zh';

export type Language = 'en' | 'zh';

const DICTIONARIES: Record<Language, Words> = { en, zh };

class I18n {
  language = $state<Language>(firstLanguage());

  set(language: Language): void {
    this.language = language;
    document.documentElement.lang = language;
    try {
      localStorage.setItem('aeolian-language', language);
    } catch {
      // storage may be closed; the choice then lasts as long as the page
    }
  }
}

function firstLanguage(): Language {
  try {
    const chosen = localStorage.getItem('aeolian-language');
    if (chosen === 'en' || chosen === 'zh') return chosen;
  } catch {
    // as above
  }
  return typeof navigator !== 'undefined' && navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export const i18n = new I18n();

/** The words for a key, with `{name}` replaced. */
export function t(key: keyof Words, values: Record<string, string | number> = {}): string {
  return DICTIONARIES[i18n.language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** "F# minor" as it is said and written here: "F♯ minor", "F♯ 小调". */
export function keyName(key: string): string {
  const [tonic = '', mode = ''] = key.split(' ');
  const words: Record<string, string> = { major: t('key.major'), minor: t('key.minor') };
  return `${tonic.replace('#', '♯').replace(/^([A-G])b/, '$1♭')} ${words[mode] ?? mode}`.trim();
}

/** Words that the server names (lanes, moods, verbs): translated where known, shown as they come where not. */
export function tName(prefix: 'lane' | 'mood' | 'verb' | 'rhythm' | 'style', name: string, otherwise: string = name): string {
  const key = `${prefix}.${name}`;
  return key in en ? t(key as keyof Words) : otherwise;
}
