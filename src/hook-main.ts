#!/usr/bin/env node
import { declareVariables } from './model/redaction/emit.ts';
import { answerHook } from './operations/hook/answer-hook.ts';

// dist/hook.mjs: the hooks alone, because an agent waits at each of its commands and reading the whole of seatrial takes longer than
// answering. A hook stands in the way of somebody's session: whatever goes wrong in it, the session goes on.
for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, () => process.exit(0));

declareVariables(process.env);
answerHook(process.argv.slice(2), process).then(
  (code) => process.exit(code),
  () => process.exit(0),
);
