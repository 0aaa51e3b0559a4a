/** Ports to the world, one real and one fake each: time, commands, daemons, logs, ids. The only place that may touch them. */
export * from './bounded-log.ts';
export * from './clock.ts';
export * from './logger.ts';
export * from './command-runner.ts';
export * from './daemon.ts';
export * from './whole-file.ts';
export * from './background-task.ts';
export * from './until.ts';
export * from './when-quiet.ts';
export * from './secret.ts';
export * from './ids.ts';
export * from './ground.ts';
export * from './shell-word.ts';
export * from './supervised-child.ts';
