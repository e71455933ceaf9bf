import { z } from 'zod';

/** What every hook of Claude Code gets on standard input; other agents with the same protocol leave some of it out. */
const always = { session_id: z.string().optional(), cwd: z.string().optional() };

export const sessionStartInput = z.looseObject({ ...always, source: z.string().optional() });
export const promptInput = z.looseObject({ ...always, prompt: z.string() });
export const stopInput = z.looseObject({ ...always, stop_hook_active: z.boolean().optional() });
export const bashInput = z.looseObject({
  ...always,
  tool_name: z.string(),
  tool_use_id: z.string().optional(),
  tool_input: z.looseObject({ command: z.string() }),
});

/** What a hook answers with: JSON on standard output and exit code 0. Null: nothing. */
export type HookAnswer = {
  /** Shown to the person. */
  systemMessage?: string;
  /** Stop: the agent goes on, with the reason as its next task. */
  decision?: 'block';
  reason?: string;
  hookSpecificOutput?: {
    hookEventName: 'SessionStart' | 'UserPromptSubmit' | 'PreToolUse' | 'PostToolUse';
    /** Read by the model. */
    additionalContext?: string;
    permissionDecision?: 'ask' | 'deny';
    /** `ask`: read by the person, `deny`: read by the model. */
    permissionDecisionReason?: string;
  };
} | null;
