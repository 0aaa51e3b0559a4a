/**
 * What the expressions of one template may cost: evaluation steps, and the size of any value. A template of a few lines can
 * ask for more than any machine has, by doubling a variable thirty times or by a loop in a loop in a loop.
 * Azure: 4 MB for a template with its values, https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices
 */
import type { JsonValue } from '@sallyport/model';
import { TemplateError } from '../template-error.ts';

/** Characters of JSON, roughly. */
const maximumSize = 4 * 1024 * 1024;
/** A template of 800 resources with a hundred terms each needs less than a tenth; this many take a second or two. */
const maximumSteps = 2_000_000;

export class Budget {
  #steps = 0;
  /** Values share parts, so a part is measured once. */
  readonly #sizes = new WeakMap<object, number>();

  /** @throws TemplateError when there have been too many. */
  step(): void {
    this.#steps += 1;
    if (this.#steps > maximumSteps)
      throw new TemplateError('InvalidTemplate', `The template takes more than ${maximumSteps} steps to evaluate.`);
  }

  /** The value itself. @throws TemplateError when it is too large. */
  checked<T extends JsonValue>(value: T): T {
    if (this.#sizeOf(value) > maximumSize)
      throw new TemplateError('InvalidTemplate', 'The template is not valid: a value of it is larger than the limit of 4 MB.');
    return value;
  }

  #sizeOf(value: JsonValue | undefined): number {
    if (typeof value === 'string') return value.length + 2;
    if (typeof value !== 'object' || value === null) return 4;
    const known = this.#sizes.get(value);
    if (known !== undefined) return known;
    const members = Object.entries(value);
    const names = Array.isArray(value) ? 0 : members.reduce((sum, [name]) => sum + name.length + 3, 0);
    const size = members.reduce((sum, [, member]) => sum + 1 + this.#sizeOf(member), names + 2);
    this.#sizes.set(value, size);
    return size;
  }
}
