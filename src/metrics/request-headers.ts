/** Header values from variables of the environment. Throws an Error that names the variable that is not set. Pure. */
export function requestHeaders(
  headersFromEnv: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [header, variable] of Object.entries(headersFromEnv)) {
    const value = environment[variable];
    if (value === undefined || value === '')
      throw new Error(`the variable ${variable} for the header ${header} is not set`);
    headers[header] = value;
  }
  return headers;
}
