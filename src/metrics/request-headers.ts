import { declareSecret } from '../model/redaction/emit.ts';

/** Header values from variables of the environment. Throws an Error that names the variable that is not set. */
export function requestHeaders(
  headersFromEnv: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [header, variable] of Object.entries(headersFromEnv)) {
    const value = environment[variable];
    if (value === undefined || value === '')
      throw new Error(`the variable ${variable} for the header ${header} is not set`);
    declareSecret(value);
    declareSecret(value.replace(/^\w+\s+/, ''));
    headers[header] = value;
  }
  return headers;
}
