/** Exit codes of the CLI; README documents them. */
export const exitCode = {
  ok: 0,
  internal: 1,
  usage: 2,
  config: 3,
  gate: 4,
  approval: 5,
  busy: 6,
  target: 7,
  notFound: 8,
  rolledBack: 20,
  failed: 21,
  aborted: 22,
  rollbackFailed: 23,
  unverified: 24,
  detached: 30,
} as const;

type Entry = {
  message: string;
  remedy: string;
  retryable: boolean;
  exit: number;
  /** What stands in the remedy where an error brings none of its own. */
  usualRemedy: string;
};

function entry(message: string, remedy: string, exit: number, retryable = false): Entry {
  return {
    message,
    remedy,
    retryable,
    exit,
    usualRemedy: 'Look at `seatrial host status` and `seatrial logs`, then try again.',
  };
}

/** Every error that a user can meet. `{name}` is filled from the details of the error. */
export const errorCatalogue = {
  INTERNAL: entry(
    'Unexpected: {reason}',
    'This is a defect of seatrial; please report it with the run id and `seatrial logs`.',
    exitCode.internal,
  ),
  USAGE: entry('{reason}', 'See `seatrial --help`, or `seatrial <command> --help`.', exitCode.usage),
  INPUT_INVALID: entry('Wrong input for {name}:\n{list}', '{remedy}', exitCode.usage),
  DATA_INVALID: entry(
    '{source} cannot be judged:\n{list}',
    'Correct what is named. `seatrial analyze --help` shows the columns; examples/analyze has two files that work.',
    exitCode.usage,
  ),
  DATA_UNREADABLE: entry('{source} cannot be read: {reason}.', '{remedy}', exitCode.usage),
  PAGE_NOT_WRITTEN: entry(
    'The page {path} could not be written: {reason}.',
    'Name a file in a folder that exists and is yours, such as `--html evidence.html`.',
    exitCode.usage,
  ),
  CHANGELOG_KEPT: entry(
    '{path} stays as it is: {reason}.',
    'Take that section or those comments out of the file, or keep what is there.',
    exitCode.usage,
  ),
  REPORT_NONE: entry(
    'There is no incident report of run {runId}: it is {status} and nothing was taken back.',
    'Name a run that was rolled back (seatrial runs), or ask for its report: seatrial report {runId}.',
    exitCode.usage,
  ),
  PROJECT_UNKNOWN: entry('It is not known which project is meant: {reason}', '{remedy}', exitCode.usage),
  CONFIG_MISSING: entry(
    'There is no {file} in {directory}.',
    'Run `seatrial init` there: it looks at the project and writes a first one.',
    exitCode.config,
  ),
  CONFIG_UNREADABLE: entry(
    '{file} cannot be read as YAML: line {line}: {reason}',
    'Correct the line; `seatrial explain` prints what was understood.',
    exitCode.config,
  ),
  CONFIG_INVALID: entry(
    '{file} is not valid, {count} to correct:\n{list}',
    'Correct the lines named; docs/seatrial.example.yaml shows every key.',
    exitCode.config,
  ),
  ENVIRONMENT_UNKNOWN: entry('There is no environment "{environment}".', 'Known: {known}.', exitCode.config),
  NOT_A_REPOSITORY: entry(
    '{directory} is not a git repository.',
    'Run `git init` and commit, or set target.directory so that revisions come from folders.',
    exitCode.config,
  ),
  VERSION_UNKNOWN: entry(
    'Version {version} does not resolve: there is no ref {ref} in the repository.',
    '{nearest}',
    exitCode.notFound,
  ),
  VERSION_INVALID: entry(
    '"{version}" is not a version that can be used in refs and paths.',
    'Use letters, digits, dot, underscore, plus and hyphen; not starting with a hyphen, such as 1.4.0.',
    exitCode.usage,
  ),
  ARTIFACT_MISSING: entry(
    'The artifact {path} does not exist.',
    'Build it first, or correct revision.artifact.path.',
    exitCode.gate,
  ),
  ARTIFACT_MISMATCH: entry(
    'The artifact {path} has SHA-256 {actual}, expected {expected}.',
    'Do not ship it: build it again from the tagged commit, or correct the recorded checksum.',
    exitCode.gate,
  ),
  STRATEGY_UNSUPPORTED: entry('{strategy} cannot be done here: {reasons}', '{remedy}', exitCode.config),
  METRICS_INVALID: entry(
    'The metrics source cannot be used as it is configured: {reason}',
    'Correct environments.*.metrics (or business); docs/seatrial.example.yaml shows every key.',
    exitCode.config,
  ),
  PREFLIGHT_BLOCKED: entry('Pre-flight stopped it: {failed}', '{remedy}', exitCode.gate),
  REVIEW_PENDING: entry(
    'The review of run {runId} has not been acknowledged.',
    'deploy_review {action: "draft", run_id: "{runId}"} begins it; complete and submit it, then a person acknowledges it: rollout_approve {scope: "review:{runId}"}, or `seatrial review acknowledge {runId}`.',
    exitCode.gate,
  ),
  FROZEN: entry(
    'Deployments to {environment} are frozen: {reason}',
    'Wait until {until}, or have a person change freeze.windows.',
    exitCode.gate,
  ),
  ALREADY_STABLE: entry(
    '{version} is already the stable revision of {environment}.',
    'There is nothing to ship. To replace its instances, tag the commit as another version.',
    exitCode.usage,
  ),
  CANDIDATE_FAILED: entry(
    'The candidate failed before it had users: {reason}',
    'No user has seen it. Its log: `seatrial logs`; the checks: the report.',
    exitCode.failed,
  ),
  REVISION_REFUSED: entry(
    '{version} ({commit}) was rolled back in run {runId}, and {missing}.',
    'Ship another commit, or {remedy}.',
    exitCode.gate,
  ),
  PLAN_UNKNOWN: entry(
    'There is no plan {planId}.',
    'Make one with rollout_plan (or `seatrial plan`) and use the planId that it prints.',
    exitCode.notFound,
  ),
  PLAN_EXPIRED: entry('The plan {planId} has expired at {at}.', 'Make a new one with rollout_plan.', exitCode.approval),
  PLAN_CHANGED: entry(
    'Since the plan was made, this changed: {changes}.',
    'Make a new one with rollout_plan, show what differs, and have it approved: the approval of the old one does not count.',
    exitCode.approval,
  ),
  APPROVAL_REQUIRED: entry('A person must approve plan {planId} ({how}).', '{remedy}', exitCode.approval),
  APPROVAL_NOT_ACCEPTED: entry('This approval is not accepted: {reason}', '{remedy}', exitCode.approval),
  APPROVERS_UNREADABLE: entry('The approvers in {where} cannot be read: {reason}.', '{remedy}', exitCode.approval),
  APPROVER_REFUSED: entry('{name} was not changed: {reason}', '{remedy}', exitCode.usage),
  KEY_REFUSED: entry('The key {key} cannot approve: {reason}', '{remedy}', exitCode.approval),
  NOT_TRUSTED: entry(
    '{directory} is not trusted: {reason}. Nothing was run and nobody was contacted.',
    'A person looks at it and decides, in a terminal in that folder: `seatrial trust` (`seatrial trust --show` only prints). An agent cannot trust for a person.',
    exitCode.approval,
  ),
  PERSON_NEEDED: entry('Only a person at a terminal may {what}: {reason}.', '{remedy}', exitCode.approval),
  CI_MODE: entry('The configuration of the protected branch cannot be used: {reason}.', '{remedy}', exitCode.config),
  EMERGENCY_STOP: entry(
    'An emergency stop holds {environment}: {reason} (by {by}, since {since}{until}).',
    'Nothing is started meanwhile. When the cause is gone a person ends it in a terminal: `seatrial thaw`.',
    exitCode.gate,
  ),
  LOCK_NOT_OPENED: entry('The lock of {environment} was not opened: {reason}.', '{remedy}', exitCode.busy),
  RUN_UNKNOWN: entry(
    'There is no run {runId}.',
    'rollout_status without run_id shows the newest; `seatrial runs` lists them.',
    exitCode.notFound,
  ),
  RUN_NONE: entry(
    'There is no run yet in this project.',
    'Make a plan with rollout_plan, or `seatrial ship <version>`.',
    exitCode.notFound,
  ),
  RUN_OVER: entry(
    'Run {runId} is over ({outcome}).',
    'To go back to the former revision use rollback; to ship again make a new plan.',
    exitCode.usage,
  ),
  RUN_ACTIVE: entry(
    'Run {runId} is going on at this target (owner pid {pid}, since {since}).',
    'Follow it with rollout_status, or stop it with rollout_control abort.',
    exitCode.busy,
    true,
  ),
  RUN_NOT_STARTED: entry(
    'The supervisor did not take over within {seconds} s.',
    'Nothing was changed. See {log}.',
    exitCode.internal,
    true,
  ),
  CONTROL_INVALID: entry('{action} is not possible now: {reason}', '{remedy}', exitCode.usage),
  ROLLBACK_IMPOSSIBLE: entry(
    'There is nothing to roll back to: {reason}',
    'Fix forward: ship a corrected version.',
    exitCode.notFound,
  ),
  LOCK_LOST: entry(
    'Another owner (generation {generation}) took over this target.',
    'Nothing more is changed from here; see `seatrial runs`.',
    exitCode.busy,
  ),
  LOCK_ELSEWHERE: entry(
    'Run {runId} on {machine} has the lock {ref} of this target, since {since}.',
    'Nothing was begun. Wait for its end; a lock that nobody renews is free at {until}.',
    exitCode.busy,
    true,
  ),
  LOCK_REMOTE: entry(
    'The lock {ref} between machines cannot be had: {reason}',
    'Nothing was begun. See that the remote can be pushed to without a question being asked, or take `lock` out of the environment.',
    exitCode.config,
    true,
  ),
  TARGET_UNREACHABLE: entry('The target {target} does not answer: {reason}', '{remedy}', exitCode.target, true),
  TARGET_REFUSED: entry('The target refused: {reason}', '{remedy}', exitCode.target),
  TARGET_FENCED: entry(
    'The target has already obeyed a newer owner (fence {seen} > {fence}).',
    'Nothing was changed. See `seatrial runs`.',
    exitCode.busy,
  ),
  TARGET_CHANGED: entry(
    'The target is not as the step left it: {reason}',
    'Someone else changed it; look at `seatrial host status`.',
    exitCode.target,
  ),
  HOST_RUNNING: entry(
    'A host is running already for {directory}.',
    'Nothing has to be done; see `seatrial host status`.',
    exitCode.busy,
  ),
  PORT_IN_USE: entry(
    'Port {port} on {host} is in use{by}.',
    'Stop that program, or give the environment another url.',
    exitCode.target,
  ),
  PREPARE_FAILED: entry(
    '`{command}` failed ({how}) while preparing {version}: {excerpt}',
    'Run it by hand in a checkout of the revision; see `seatrial logs`.',
    exitCode.failed,
  ),
  PROVISION_FAILED: entry(
    '{version} did not become healthy: {reason}',
    'No user has seen it. The last lines of its log: {excerpt}',
    exitCode.failed,
  ),
  STEP_TIMED_OUT: entry('{step} was not done within {seconds} s.', 'See `seatrial logs`.', exitCode.failed, true),
  SMOKE_FAILED: entry('Smoke tests failed: {failed}', 'See the report for request and answer.', exitCode.failed),
  VERDICT_HARM: entry(
    'The candidate does harm: {reason}',
    'It was taken out of traffic. See the report for the evidence.',
    exitCode.rolledBack,
  ),
  ABORTED: entry('{by} aborted the run.', 'Users are on the stable revision.', exitCode.aborted),
  INTERACTIVE_NEEDS_TERMINAL: entry(
    'The six questions cannot be asked here: no person is at this terminal.',
    "Run it in a terminal, or hand the answers in: seatrial plan <version> --answers '{example}'.",
    exitCode.usage,
  ),
  PLAN_DECLINED: entry(
    'No plan was made: {reason}.',
    'Nothing was changed. Ask what should be different, then ask for the plan again.',
    exitCode.aborted,
  ),
  CANCELLED: entry('{what} was cancelled.', 'Nothing to do.', exitCode.aborted),
  ROLLBACK_FAILED: entry(
    'CRITICAL: the rollback failed: {reason}',
    'Declare a P0 incident and move traffic by hand: {manual}',
    exitCode.rollbackFailed,
    true,
  ),
  JOURNAL_CORRUPT: entry(
    'The journal of run {runId} is damaged at line {line}: {reason}',
    'No forward step is taken on it; only a rollback. Keep the file for examination.',
    exitCode.internal,
  ),
  JOURNAL_UNWRITABLE: entry(
    'The journal of run {runId} cannot be written: {reason}',
    'Make room or correct permissions on {path}. No forward step is taken without a journal.',
    exitCode.internal,
  ),
  JOURNAL_NEWER: entry(
    'The journal of run {runId} was written by a newer seatrial (format {version}).',
    'Update seatrial; it can be read but not continued.',
    exitCode.internal,
  ),
  REVIEW_INVALID: entry('The review was not taken: {reason}', '{remedy}', exitCode.usage),
  REVIEW_NOT_ACKNOWLEDGED: entry(
    'The patches of the review of run {runId} wait for a person: {reason}',
    'A person reads the review and acknowledges it: `seatrial review acknowledge {runId}`, or rollout_approve {scope: "review:{runId}"}.',
    exitCode.approval,
  ),
  COMPLETION_REFUSED: entry(
    'The story of run {runId} is not complete: {reason}.',
    'Only a rollout that succeeded completes a story; see `seatrial runs`, and name its run.',
    exitCode.usage,
  ),
  PATCH_REFUSED: entry('No document was changed: {reason}', '{remedy}', exitCode.usage),
  COMMAND_NOT_FOUND: entry(
    'The program "{program}" was not found.',
    'Install it, or give its absolute path in the config.',
    exitCode.config,
  ),
  COMMAND_FAILED: entry('`{command}` failed ({how}): {excerpt}', 'Run it by hand in the same folder.', exitCode.failed),
  VALUE_REFUSED: entry(
    '{value} is not {what}.',
    'Nothing was done with it. Use plain ASCII of the usual form, not beginning with a hyphen.',
    exitCode.usage,
  ),
  COMMAND_REFUSED: entry(
    'The program "{program}" was not started: {reason}',
    'Nothing was run. Correct the value, or the command in the config.',
    exitCode.config,
  ),
  PLAN_HOLDS_SECRET: entry(
    'The plan holds what is known to be a secret here, and could not be shown as it is.',
    'Nothing was planned. Take the secret out of names, arguments and addresses in the config: hand it over in a variable.',
    exitCode.config,
  ),
  FILE_REFUSED: entry('{path} is refused: {reason}', 'Use a plain file inside the project.', exitCode.config),
  FILE_DAMAGED: entry(
    '{path} is damaged: {reason}',
    'Nothing was done with it. Keep it for examination and move it away; what it held has to be made again.',
    exitCode.internal,
  ),
  FRONT_MATTER_INVALID: entry(
    'The front matter of {file} cannot be read: {reason}',
    'Between two lines of --- write YAML only, one "key: value" per line.',
    exitCode.config,
  ),
  GATE_UNDECIDABLE: entry('There is nothing to decide about {pitfall}: {reason}', '{remedy}', exitCode.usage),
  LEARNINGS_REFUSED: entry(
    '{source} cannot be imported: {reason}',
    'Nothing was taken over. Give what `seatrial learnings export` prints in the other project.',
    exitCode.usage,
  ),
  CATALOGUE_INVALID: entry(
    'The learnings catalogue is wrong at {file}: {reason}',
    'Correct the front matter; every entry needs a detector of the same id.',
    exitCode.config,
  ),
  HTTP_FAILED: entry(
    '{method} {url} failed: {reason}',
    'Check that the address is right and answers.',
    exitCode.target,
    true,
  ),
} satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof errorCatalogue;
