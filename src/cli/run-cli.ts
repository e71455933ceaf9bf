import { Command, CommanderError } from 'commander';
import { DeployError, toDeployError } from '../model/deploy-error.ts';
import { exitCode } from '../model/error-catalogue.ts';
import type { Operation } from '../model/operation.ts';
import { emitText } from '../model/redaction/emit.ts';
import { type Answer, writeAnswer, writeError } from './answer.ts';
import { askPerson, isShownFirst } from './ask-person.ts';
import { renderExitCodes } from './exit-code-table.ts';
import type { CliIo } from './io.ts';
import { addDoorFlags, addOperationCommand, type DoorFlags, parseTyped, readDoorFlags } from './operation-command.ts';
import { createSession, type Session } from './session.ts';
import { followToEnd, ship } from './ship.ts';

export type CliOptions = { io: CliIo; version: string; operations: readonly Operation[] };

/** The CLI door: one command line to its exit code. Never throws for what a user can do wrong. */
export async function runCli(argv: readonly string[], given: CliOptions): Promise<number> {
  const io = withoutSecrets(given.io);
  const options = { ...given, io };
  const json = argv.includes('--json');
  let code: number = exitCode.ok;
  const program = createProgram(options, async (flags, work) => {
    const { json: asJson, project, ci, base } = flags;
    const session = createSession({ io, json: asJson, operations: options.operations, project, ci, base });
    try {
      const answer = await work(session);
      session.close();
      code = writeAnswer(io, answer, flags.json);
    } catch (thrown) {
      // What fails because the person stopped it is no defect, whatever it calls itself.
      if (session.context.signal.aborted && !(thrown instanceof DeployError))
        throw new DeployError('CANCELLED', { what: 'The command' }, thrown);
      throw thrown;
    } finally {
      session.close();
    }
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return exitCode.ok;
    // Without a command commander has already printed the help.
    if (thrown instanceof CommanderError && thrown.code === 'commander.help') return exitCode.usage;
    return writeError(io, asDeployError(thrown), json);
  }
}

/** Whatever a command writes, the live view and the help too, passes here. */
function withoutSecrets(io: CliIo): CliIo {
  return {
    ...io,
    writeOut: (text) => io.writeOut(emitText(text)),
    writeError: (text) => io.writeError(emitText(text)),
    ask: (question, signal) => io.ask(emitText(question), signal),
  };
}

type WithSession = (flags: DoorFlags, work: (session: Session) => Promise<Answer>) => Promise<void>;

function createProgram({ io, version, operations }: CliOptions, withSession: WithSession): Command {
  const program = new Command('seatrial')
    .description(
      'Ships a revision to production and proves that it works: gates, approval by a person, progressive rollout, verdicts by evidence, verified rollback.',
    )
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: io.writeOut,
      writeErr: io.writeError,
      // Errors are printed once, in the form that all of them have.
      outputError: () => {},
      getOutHelpWidth: () => io.terminal.columns(),
      getErrHelpWidth: () => io.terminal.columns(),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  addDoorFlags(program);
  program.addHelpText('after', `\n${rootExamples}\n\n${renderExitCodes()}`);
  addShipCommand(program, withSession);
  for (const operation of operations) {
    addOperationCommand(program, operation, (given, flags) =>
      withSession(flags, (session) => runNamed(operation, given, { session, flags })),
    );
  }
  program
    .command('hook')
    .argument('<event>', 'session-start, pre-tool-use, post-tool-use, stop or user-prompt-submit')
    .description('Answer a hook of an agent, whose JSON comes on stdin; started by agents');
  program.command('mcp').description('Serve the Model Context Protocol on stdin and stdout; started by agents');
  return program;
}

const rootExamples = `Examples:
  seatrial init                                 look at this project and write a first seatrial.yaml
  seatrial ship 1.4.0 --dry-run                 show gates and plan, change nothing
  seatrial ship 1.4.0 --env production          ship it and watch
  seatrial status --follow                      watch the run that is going on
  seatrial demo                                 three releases on this machine in about a minute`;

function addShipCommand(program: Command, withSession: WithSession): void {
  const command = program
    .command('ship')
    .summary('Pre-flight, plan, approval, rollout and the watch until it has ended')
    .description(
      'Pre-flight, plan, approval, rollout and the watch until it has ended. Ctrl-C leaves the view; the run goes on.',
    )
    .argument('<version>', 'version to ship, such as 1.4.0')
    .option('--env, --environment <name>', 'environment of seatrial.yaml')
    .option('--strategy <kind>', 'instead of the configured strategy')
    .option('--dry-run', 'stop after the plan; nothing is started')
    .option('--yes', 'start without asking; refused where a person must approve')
    .addHelpText(
      'after',
      '\nExamples:\n  seatrial ship 1.4.0\n  seatrial ship 1.4.0 --env staging --strategy canary --yes\n  seatrial ship 1.4.0 --dry-run --json',
    );
  addDoorFlags(command);
  command.action(async () => {
    const options: Record<string, unknown> = command.optsWithGlobals();
    const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
    const request = {
      version: String(command.processedArgs[0]),
      environment: text(options['environment']),
      strategy: text(options['strategy']),
      dryRun: options['dryRun'] === true,
      yes: options['yes'] === true,
    };
    await withSession(readDoorFlags(options), (session) => ship(request, session));
  });
}

/** Whose `--json` is the answer itself, without `ok` and `data` around it, as scripts read it. */
const bareAnswers: ReadonlySet<string> = new Set(['demo', 'analyze']);

async function runNamed(
  operation: Operation,
  given: Record<string, unknown>,
  at: { session: Session; flags: DoorFlags },
): Promise<Answer> {
  const { session, flags } = at;
  const input = parseTyped(operation, await withTypedCode(operation, given, session));
  if (operation.name === 'rollout_status' && flags.follow) {
    return followToEnd(typeof input['run_id'] === 'string' ? input['run_id'] : undefined, session);
  }
  const {
    data,
    text,
    exitCode: code = exitCode.ok,
  } = await operation.run(input, operation.effects === 'reads' ? session.context : session.watching);
  if (flags.follow) {
    const runId = runIdOf(data);
    if (runId !== undefined) return followToEnd(runId, session);
  }
  return { data, text, exitCode: code, bare: bareAnswers.has(operation.name) };
}

/** They show what is to be approved in full before they ask for its code. */
const asksItself: ReadonlySet<string> = new Set(['rollout_approve', 'approvers']);

/** A person at a terminal types the code of the plan; on a command line it may be an argument. */
async function withTypedCode(
  operation: Operation,
  given: Record<string, unknown>,
  session: Session,
): Promise<Record<string, unknown>> {
  const wants = operation.effects === 'person' && 'code' in operation.input.shape && given['code'] === undefined;
  if (!wants || asksItself.has(operation.name) || !session.io.terminal.isInteractive) return given;
  if (isShownFirst(operation)) {
    const typed =
      given['show'] === true || given['revoke'] === true ? null : await askPerson(operation, given, session);
    return typed === null ? given : { ...given, code: typed };
  }
  const code = await session.io.ask(
    'Type the code of what you have read (a plan or a proposed gate prints its own; for a run it is the last six characters of its id): ',
    session.context.signal,
  );
  if (code === null) throw new DeployError('CANCELLED', { what: 'The approval' });
  return { ...given, code: code.trim() };
}

function runIdOf(data: unknown): string | undefined {
  return typeof data === 'object' && data !== null && 'runId' in data && typeof data.runId === 'string'
    ? data.runId
    : undefined;
}

function asDeployError(thrown: unknown): DeployError {
  if (!(thrown instanceof CommanderError)) return toDeployError(thrown);
  return new DeployError('USAGE', { reason: thrown.message.replace(/^error: /, '').replace(/\n/g, ' ') });
}
