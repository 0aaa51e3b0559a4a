/** The shape of test/facts/network.json. */
export type Member = {
  /** `reference` is another resource, of which only the id counts; `map` has members of the user's choice. */
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'reference' | 'map';
  readonly definition?: string;
  readonly items?: Member;
  readonly enum?: readonly string[];
  readonly required?: true;
  readonly readOnly?: true;
};
export type Definition = Readonly<Record<string, Member>>;
export type Facts = {
  readonly apiVersion: string;
  readonly roots: readonly string[];
  readonly definitions: Readonly<Record<string, Definition>>;
};
