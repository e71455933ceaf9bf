import type { z } from 'zod';
import type { Clock } from './clock.ts';
import type { RunRecord } from './run-record.ts';

/** Who is asking, and through which door. */
export type Caller = {
  door: 'cli' | 'mcp';
  /** Person or client name, for the record. */
  name: string;
  /** MCP client name as it introduced itself; null in the CLI. */
  client: string | null;
  /** A person's terminal is attached. */
  interactive: boolean;
};

export type StandardInput = {
  /** A person sits there, and nothing is piped in. */
  isTerminal: boolean;
  /** Everything until its end; once. */
  read(): AsyncIterable<Uint8Array>;
};

export type AttendingPerson = {
  /** Text that they must have before them when they are asked. */
  show(text: string): void;
  /** One line that they type; null when they leave. */
  ask(question: string): Promise<string | null>;
};

/** Questions for whoever sits at an agent client. What is answered there is convenience, never an approval. */
export type QuestionForm = {
  message: string;
  fields: ReadonlyArray<{
    name: string;
    title: string;
    description: string;
    /** Allowed values; null when any text is. */
    choices: readonly string[] | null;
    defaultValue: string | null;
  }>;
};

export type FormReply =
  | { action: 'accept'; values: Readonly<Record<string, string>> }
  | { action: 'decline' | 'cancel' };

export type OperationContext = {
  projectDirectory: string;
  caller: Caller;
  clock: Clock;
  signal: AbortSignal;
  /** Lines for a person who waits; the doors decide how to show them. */
  progress(message: string, done?: number, total?: number): void;
  /** ci mode as a flag asked for it; `base`: the protected branch, where the flag named one. */
  ci?: { base: string | null };
  /** What is piped in; absent where standard input belongs to a protocol. */
  standardInput?: StandardInput;
  /** The person at an interactive terminal; absent where nobody sits, and over protocols. */
  person?: AttendingPerson;
  /** Asks by a form of the client (elicitation); absent where the client has none. */
  ask?: (form: QuestionForm) => Promise<FormReply>;
  /** Shows a run as it is now (the live view of a terminal); absent where nobody looks. */
  showRun?: (record: RunRecord) => void;
};

/** What came out: data for machines and a compact text in a fixed layout for people and models. */
export type OperationResult<Out> = {
  data: Out;
  text: string;
  /** Exit code of the CLI when an answer is no success (pre-flight blocked, smoke tests red); 0 when absent. */
  exitCode?: number;
};

/** One thing a user can ask: the single source of MCP tool, CLI command and reference. */
export interface Operation<In extends z.ZodObject = z.ZodObject, Out = unknown> {
  /** snake_case; the MCP tool has this name. */
  name: string;
  title: string;
  /** For a model that chooses a tool: what it does and when. */
  description: string;
  input: In;
  /** Fields that a tool has, where a command has more: what only a person at a terminal can do. */
  toolInput?: z.ZodObject;
  /** reads: changes nothing. changes: changes plans, runs or targets. person: needs a person. */
  effects: 'reads' | 'changes' | 'person';
  /** Whether the MCP server offers it. */
  tool: boolean;
  /** How the CLI offers it; null: MCP only. */
  cli: { command: string; positional: string[]; examples: string[] } | null;
  run(input: z.output<In>, context: OperationContext): Promise<OperationResult<Out>>;
}
