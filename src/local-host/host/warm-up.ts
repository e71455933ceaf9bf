/** Answers after which an instance is warm. Compilers and caches are cold at first, so the first answers are slow in any release. */
export const warmAfterAnswers = 50;
/** An instance is not warm before this, however many requests it got: what fills its caches may take time. */
export const warmAfterMs = 15_000;
/** It is warm after this, however few. */
export const warmAtLatestMs = 60_000;

/**
 * Whether a process is still warming up: until it has given `warmAfterAnswers` answers and `warmAfterMs` have passed since it
 * became ready, at most `warmAtLatestMs`. Cold starts are slow, and a candidate is always younger than what it is compared
 * with; its latencies count only when both are alike. Times are of a clock that never jumps, ms.
 */
export class WarmUp {
  #cold = true;
  #answers = 0;
  #readySinceMs: number | null = null;

  /** Of a process that has been serving before anybody here knew it. */
  static done(): WarmUp {
    const warmUp = new WarmUp();
    warmUp.#cold = false;
    return warmUp;
  }

  /** Becoming ready again later does not make a process cold. */
  becameReady(nowMs: number): void {
    this.#readySinceMs ??= nowMs;
  }

  answered(): void {
    if (this.#cold) this.#answers += 1;
  }

  /** Asked for every request: costs nothing once it is warm. */
  isWarming(nowMs: number): boolean {
    if (!this.#cold || this.#readySinceMs === null) return this.#cold;
    const ageMs = nowMs - this.#readySinceMs;
    const warm = ageMs >= warmAtLatestMs || (ageMs >= warmAfterMs && this.#answers >= warmAfterAnswers);
    this.#cold = !warm;
    return this.#cold;
  }
}
