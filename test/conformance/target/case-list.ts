/** What a target must be able to do for a case to make sense; a driver that lacks it must have it refused when planning. */
export type Need = 'provision' | 'shares' | 'traffic' | 'drain' | 'retire' | 'standby' | 'batches';

/** Every case of the contract of `Target`, in the order in which they run: the rows of docs/conformance.md. */
export const targetCases = [
  { id: 'inspect-empty', needs: [], title: 'inspects an empty place, and starts nothing' },
  {
    id: 'provision',
    needs: ['provision'],
    title: 'provisions a good revision without users, and again without effect',
  },
  { id: 'start-slow', needs: [], title: 'waits for a revision that is slow to start, and gives it no users before' },
  {
    id: 'start-crashing',
    needs: [],
    title: 'says why a revision that crashes on start does not come up; no user sees it',
  },
  { id: 'start-never-healthy', needs: [], title: 'says so of a revision that is never healthy; no user sees it' },
  { id: 'deadline', needs: [], title: 'ends a call at its deadline and when it is cancelled' },
  { id: 'promote', needs: [], title: 'promotes under load without losing a request, and again without effect' },
  { id: 'standby', needs: ['standby'], title: 'keeps the former stable revision as standby, and takes it back' },
  { id: 'weights', needs: ['shares'], title: 'moves weights up and down in any order, each read back' },
  { id: 'weights-seen', needs: ['shares'], title: 'gives users to the candidate in the share that it reads back' },
  { id: 'cutover', needs: ['traffic'], title: 'switches all users over and back' },
  { id: 'batches', needs: ['batches'], title: 'replaces instances in batches, forth and back' },
  { id: 'read-back', needs: [], title: 'believes no engine that says yes and does nothing' },
  { id: 'wrong-instance', needs: [], title: 'never takes instances that serve another revision for success' },
  { id: 'wrong-place', needs: [], title: 'never takes a place that serves another revision for success' },
  {
    id: 'drain',
    needs: ['drain'],
    title: 'drains under load: long requests and an open websocket are not cut before the deadline',
  },
  { id: 'drain-deadline', needs: ['drain'], title: 'counts what is still open at the deadline of a drain' },
  { id: 'retire', needs: ['retire'], title: 'retires what has no users and what is not there, and nothing that has' },
  { id: 'rollback-canary', needs: ['shares', 'provision'], title: 'goes back at every step of a canary' },
  { id: 'rollback-blue-green', needs: ['traffic', 'provision'], title: 'goes back at every step of blue-green' },
  { id: 'rollback-rolling', needs: ['batches'], title: 'goes back at every step of a rolling replacement' },
  { id: 'rollback-direct', needs: [], title: 'goes back at every step of a direct rollout' },
  { id: 'repeat', needs: [], title: 'takes every step twice with the same key for once' },
  { id: 'resume-provision', needs: ['provision'], title: 'goes on where its process was killed in provision' },
  { id: 'resume-weight', needs: ['traffic'], title: 'goes on where its process was killed in a change of weight' },
  { id: 'resume-promote', needs: [], title: 'goes on where its process was killed in promote' },
  { id: 'resume-retire', needs: ['retire'], title: 'goes on where its process was killed in retire' },
  { id: 'unreachable', needs: [], title: 'says that the engine does not answer, and has changed nothing' },
  { id: 'permission', needs: [], title: 'says what it has no permission for, and has changed nothing' },
  { id: 'foreign-restart', needs: [], title: 'finds everything again after somebody reloaded or restarted the engine' },
  { id: 'foreign-change', needs: [], title: 'tells a change by somebody else, and puts it right with the next step' },
  { id: 'fence', needs: [], title: 'obeys no owner with a lower fence than one it has obeyed' },
] as const satisfies readonly { id: string; needs: readonly Need[]; title: string }[];

export type TargetCase = (typeof targetCases)[number];
export type CaseId = TargetCase['id'];

/** Every driver against a real engine: the columns of docs/conformance.md. */
export const targetDrivers = [
  { id: 'process', title: 'process', engine: 'node' },
  { id: 'haproxy', title: 'haproxy', engine: 'haproxy' },
  { id: 'command-nginx', title: 'command: a fleet over nginx', engine: 'nginx' },
  { id: 'command-cutover', title: 'command: the same with cutover alone', engine: 'nginx' },
  { id: 'command-promote', title: 'command: the same with promote alone', engine: 'nginx' },
  { id: 'command-git', title: 'command: git push', engine: 'git' },
] as const satisfies readonly { id: string; title: string; engine: string }[];

export type DriverId = (typeof targetDrivers)[number]['id'];

/** How a case ended for a driver; `why` tells of a refusal what the target cannot do and what works. */
export type ConformanceCell = { cell: string; why: string | null };

/** What may stand in a cell of the committed table. */
export const cellPattern = /^(passed|refused: lacks [a-z]+|not applicable: .+)$/;
