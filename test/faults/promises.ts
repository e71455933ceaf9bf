import type { Proof } from './record-proof.ts';

/** Something that is promised of every run, and what proves it. */
export type ProvenPromise = {
  id: Proof['promise'];
  title: string;
  /** Beginnings of the paths of its suites; every one of them must be there. */
  suites: readonly [string, ...string[]];
  /** Suites that have the machine to themselves and a configuration of their own. */
  engines?: true;
  /** What the method cannot see. */
  blind: string;
};

/** The promises of docs/reliability.md, in the order of its table. */
export const provenPromises: readonly ProvenPromise[] = [
  {
    id: 'crash-points',
    title: 'A run survives the death of its owner at any point',
    suites: ['test/faults/crash-matrix'],
    blind:
      'It runs in one process on a virtual clock and a simulated place: it sees every order of journal, act and death, but no real file system, process or proxy. It looks at one run at a time; that of two owners one is fenced off is what `lock` shows.',
  },
  {
    id: 'syscall-kills',
    title: 'A run survives a kill at any call of the system',
    suites: ['test/faults/syscall-kills'],
    blind:
      'The kernel goes on after `kill -9`: what was written without fsync is still there. So it cannot show that anything was brought to the disk; `simulated-disk` does.',
  },
  {
    id: 'file-errors',
    title: 'A failing file system leaves no torn file and stops no rollback',
    suites: ['test/faults/syscall-kills'],
    blind: 'Errors are those that a call reports. A disk that lies about having written is not among them.',
  },
  {
    id: 'simulated-disk',
    title: 'What was acknowledged is on the disk after a loss of power',
    suites: ['test/faults/simulated-disk'],
    blind:
      'The disk is a model: it loses, tears and reorders what was not synced. A real file system may do less, and a broken disk more.',
  },
  {
    id: 'real-deaths',
    title: 'Killed processes lead to a rollback',
    suites: ['test/faults/real-deaths'],
    blind:
      'Processes are killed, the machine is not. A change of the boot id stands for a restart; what a loss of power does to files is what `simulated-disk` shows.',
  },
  {
    id: 'pull-the-plug',
    title: 'With supervisor, watchdog and host dead at once, users return to the stable revision',
    suites: ['test/faults/pull-the-plug'],
    blind:
      'It holds for the built-in host, which keeps the dead-man rollback. What other targets can hold is said in each plan.',
  },
  {
    id: 'lock',
    title: 'One owner at a time',
    suites: ['test/faults/lock'],
    blind:
      'Processes of one machine and one file system. Between machines the lock at the target or the git ref decides.',
  },
  {
    id: 'starters',
    title: 'Ten who start at once start one run, and nothing that is remembered is lost',
    suites: ['test/faults/starters'],
    blind: 'All starters are on one machine and in one checkout.',
  },
  {
    id: 'driver-faults',
    title: 'A network that fails is never taken for success',
    suites: ['test/faults/driver-faults', 'test/faults/deaf-target'],
    blind:
      'Faults are those of one connection between driver and engine: delay, loss, a cut in the middle, repetition, late answers. An engine that lies in a well-formed answer is not among them.',
  },
  {
    id: 'metric-streams',
    title: 'No data is never taken for healthy, and never alone a reason to go back',
    suites: ['test/faults/metric-streams'],
    blind:
      'The reference model has the rules for decisions on data that is missing, not the statistics; those have benchmarks and vectors of their own.',
  },
  {
    id: 'hostile-inputs',
    title: 'No input becomes a command, a path or an option',
    suites: ['test/security/hostile-inputs'],
    blind:
      'Inputs are drawn from known ways of attack and changes of them. What is not drawn is not tried; what a shell of the user can do is in docs/threat-model.md.',
  },
  {
    id: 'hostile-repositories',
    title: 'A repository does nothing before it is trusted',
    suites: ['test/security/hostile-repository', 'test/security/untrusted-repository'],
    blind: 'Programs that git would run according to the versions of git that were tried.',
  },
  {
    id: 'forgeries',
    title: 'An approval cannot be forged',
    suites: ['test/security/forgeries', 'test/security/hand-made-request'],
    blind:
      'It tries to pass the gates of seatrial. Whoever holds the credential of production can go around them; see docs/threat-model.md.',
  },
  {
    id: 'secrets',
    title: 'No secret leaves a process',
    suites: ['test/model/redaction/redactor'],
    blind:
      'Secrets that are declared or have a known shape, of at least eight characters, in the encodings that are listed.',
  },
  {
    id: 'journal-parser',
    title: 'No damage of a journal is taken for a record',
    suites: ['test/faults/journal-parser'],
    blind: 'Damage by chance. The checksum has no key: whoever may write the file can write another story.',
  },
  {
    id: 'lost-requests',
    title: 'Moving users loses and doubles no request',
    suites: ['test/engines/loss-meter', 'test/engines/haproxy-loss-meter'],
    engines: true,
    blind:
      'Clients and instances are on one machine and talk over loopback. Where HAProxy is not installed its row is missing.',
  },
];
