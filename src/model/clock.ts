/** Time, handed in everywhere so that a 30-minute bake is tested in milliseconds. */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump. */
  now(): number;
  /** Milliseconds of a clock that never goes back; meaningful only as a difference within one process. */
  monotonic(): number;
  /** Resolves after `ms`, or at once when `signal` fires; never rejects. Says how it ended. */
  sleep(ms: number, signal?: AbortSignal): Promise<'elapsed' | 'aborted'>;
}
