/** The host agent: reads reality, compares it with the plan, acts. Runs as root on gateway hosts. */
export * from './engines/engine.ts';
