import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/**
 * Spreads jobs over child processes, one per processor, each of which has loaded `exported` of the TypeScript file `entry`
 * and answers job for job. Answers come in the order of the jobs. Rejects when a child ends early.
 */
export async function runJobs<Job, Answer>(
  jobs: readonly Job[],
  about: { entry: string; exported: string; onAnswer: (done: number) => void; parse: (answer: unknown) => Answer },
): Promise<Answer[]> {
  const answers = new Map<number, Answer>();
  let next = 0;
  const work = async (child: ChildProcess): Promise<void> => {
    while (next < jobs.length) {
      const index = next++;
      answers.set(index, about.parse(await ask(child, jobs[index])));
      about.onAnswer(answers.size);
    }
  };
  const children = Array.from({ length: Math.min(jobs.length, availableParallelism()) }, () =>
    fork(join('scripts', 'bench-worker.mjs'), [about.entry, about.exported], { serialization: 'advanced' }),
  );
  try {
    await Promise.all(children.map(work));
  } finally {
    for (const child of children) child.kill('SIGTERM');
  }
  return [...answers].sort(([one], [other]) => one - other).map(([, answer]) => answer);
}

function ask(child: ChildProcess, job: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`a worker ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (answer) => {
      child.off('exit', ended);
      resolve(answer);
    });
    child.send({ job });
  });
}
