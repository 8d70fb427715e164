// The draft: what is on the desk, kept in the browser after every change, so that a reload, a crash or a closed lid
// loses nothing. Finished versions live in the server's library; this is only the newest state.
//
// It is written to localStorage, because that is done when the call returns: a page that is being left does not wait
// for IndexedDB. Only a piece too large for that (browsers give about five million characters) goes to IndexedDB.

import type { Curves } from '../model/curves';
import type { Lock, Region } from '../model/region';
import type { RuleSheet } from '../model/rules';
import type { ServerPiece } from './types';

export interface Draft {
  readonly piece: ServerPiece;
  readonly bars: number;
  readonly pieceId: string | null;
  readonly version: number | null;
  readonly newest: number | null;
  readonly dirty: boolean;
  readonly locks: readonly Lock[];
  readonly rules: RuleSheet;
  readonly curves: Curves;
  /** The job whose answers wait to be heard. */
  readonly job: { readonly id: string; readonly verb: string; readonly wanted: number; readonly region: Region | null; readonly merge: boolean } | null;
}

const KEY = 'aeolian-draft';
const MOST_CHARACTERS = 2_000_000;
const ELSEWHERE = 'in IndexedDB';

export async function loadDraft(): Promise<Draft | null> {
  try {
    const text = localStorage.getItem(KEY);
    if (text === ELSEWHERE) return await loadLarge();
    return text === null ? null : (JSON.parse(text) as Draft);
  } catch {
    return null; // private windows may keep nothing, and an old draft may not be readable; the studio works without
  }
}

export function storeDraft(draft: Draft | null): void {
  try {
    if (draft === null) {
      localStorage.removeItem(KEY);
      return;
    }
    const text = JSON.stringify(draft);
    if (text.length <= MOST_CHARACTERS) {
      localStorage.setItem(KEY, text);
      return;
    }
    void storeLarge(draft).then(() => localStorage.setItem(KEY, ELSEWHERE));
  } catch {
    // as above
  }
}

// ---- large drafts ----------------------------------------------------------------------------------------------------

const DATABASE = 'aeolian-studio';
const STORE = 'draft';

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('no draft store'));
  });
}

async function loadLarge(): Promise<Draft | null> {
  const database = await open();
  return new Promise((resolve) => {
    const request = database.transaction(STORE).objectStore(STORE).get('now');
    request.onsuccess = () => resolve((request.result as Draft | undefined) ?? null);
    request.onerror = () => resolve(null);
  });
}

async function storeLarge(draft: Draft): Promise<void> {
  const database = await open();
  await new Promise<void>((resolve, reject) => {
    const transaction = database.transaction(STORE, 'readwrite');
    transaction.objectStore(STORE).put(draft, 'now');
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error ?? new Error('no draft store'));
  });
}
