import { cleanExcerpt } from '../../system/excerpt.ts';
import type { HttpAnswer } from '../../system/http.ts';
import { readJsonPath } from './json-path.ts';
import type { HttpSmokeSpec } from './smoke-scene.ts';

type Expectation = HttpSmokeSpec['expect'];

/** Everything in which an answer differs from what is expected; empty when it is right. Pure. */
export function findProblems(expect: Expectation, answer: HttpAnswer, version: string): string[] {
  const problems: string[] = [];
  if (answer.status !== expect.status) problems.push(`status ${answer.status}, expected ${expect.status}`);
  problems.push(...headerProblems(expect.header, answer, version));
  problems.push(...jsonProblems(expect.json, answer));
  if (expect.text !== undefined && !answer.body.includes(expect.text)) {
    const where = answer.truncated ? 'the part of the body that was read' : 'the body';
    problems.push(`${where} does not contain "${cleanExcerpt(expect.text, 60)}"`);
  }
  if (expect.faster !== undefined && answer.durationMs > expect.faster) {
    problems.push(`took ${Math.round(answer.durationMs)} ms, the limit is ${expect.faster} ms`);
  }
  return problems;
}

function headerProblems(expected: Expectation['header'], answer: HttpAnswer, version: string): string[] {
  return Object.entries(expected).flatMap(([name, template]) => {
    const wanted = template.replaceAll('{version}', version);
    const actual = answer.headers[name.toLowerCase()];
    if (actual === wanted) return [];
    return [
      `header ${name} is ${actual === undefined ? 'missing' : `"${cleanExcerpt(actual, 60)}"`}, expected "${cleanExcerpt(wanted, 60)}"`,
    ];
  });
}

function jsonProblems(expected: Expectation['json'], answer: HttpAnswer): string[] {
  const paths = Object.entries(expected);
  if (paths.length === 0) return [];
  if (answer.truncated) return ['the body is too long to be read as JSON'];
  let document: unknown;
  try {
    document = JSON.parse(answer.body);
  } catch {
    return ['the body is not JSON'];
  }
  return paths.flatMap(([path, wanted]) => {
    const found = readJsonPath(document, path);
    if (found.there && found.value === wanted) return [];
    const actual = found.there ? cleanExcerpt(JSON.stringify(found.value), 60) : 'missing';
    return [`${path} is ${actual}, expected ${cleanExcerpt(JSON.stringify(wanted), 60)}`];
  });
}
