import type { z } from 'zod';
import type { Operation } from '../model/operation.ts';

/** Keeps the types of input and handler together while an operation is written down. */
export function defineOperation<In extends z.ZodObject>(operation: Operation<In>): Operation<In> {
  return operation;
}
