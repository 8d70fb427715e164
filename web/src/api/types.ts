// The server's JSON under the page's own names. The shapes come from `schema.d.ts`, which is generated from the OpenAPI
// document (npm run types); this file only names them, and narrows what that document leaves wide.

import type { components } from './schema';

type Schemas = components['schemas'];

export type ServerNote = Schemas['NoteJson'];
export type ServerChord = Schemas['ChordJson'];

/** A piece as it is sent: only `notes` must be there, and what the server alone knows is left out. */
export type ServerPiece = Partial<Schemas['PieceJson']> & Pick<Schemas['PieceJson'], 'notes'>;

export type ReportLine = Omit<Schemas['ControlJson'], 'kept'> & { kept: 'proven' | 'broken' | 'measured' };

/** The document allows what is null to be missing as well. */
type Told<T, Key extends keyof T> = Omit<T, Key> & { [K in Key]-?: Exclude<T[K], undefined> };

export type Candidate = Omit<Told<Schemas['CandidateJson'], 'marks' | 'new_notes' | 'saved'>, 'report' | 'originality' | 'piece'> & {
  piece: ServerPiece;
  report: ReportLine[];
  originality?: ReportLine | null;
};

export type ServerError = Omit<Schemas['ApiError'], 'code'> & { code: Schemas['ApiError']['code'] | 'no_server' };

export type JobState = Schemas['State'];

export type Job = Omit<Schemas['JobJson'], 'candidates' | 'unfinished' | 'error'> & {
  candidates: Candidate[];
  unfinished?: Candidate | null;
  error?: ServerError | null;
};

export type Verb = Schemas['VerbJson'];

/** One of the rules of the contract, by its name. */
export type Rule = Record<string, unknown>;

export type JobRequest = Omit<Schemas['RequestJson'], 'rules'> & { rules?: Rule[] };

export interface JobBody {
  request: JobRequest;
  source?: { piece: string; version?: number } | { score: ServerPiece };
  to?: { piece: string };
  candidates?: number;
}

export type JobTicket = Schemas['JobQueued'];

export type Preview = Omit<Schemas['PreviewEvent'], 'chords'> & { chords?: ServerChord[] };

export type Summary = Schemas['Summary'];

export type Saved = Omit<Schemas['Saved'], 'report' | 'originality' | 'piece'> & {
  piece: ServerPiece;
  report: ReportLine[];
  originality?: ReportLine | null;
};

export type VersionLine = Schemas['VersionEntry'];

export type Menu = Schemas['Catalogue'];

export type RenderBody = Omit<Schemas['RenderOrder'], 'score'> & { score: ServerPiece };
