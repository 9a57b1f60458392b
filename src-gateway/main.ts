#!/usr/bin/env -S node --max-semi-space-size=4
import { Command } from 'commander';
import packageDescription from '../package.json' with { type: 'json' };
import { systemLanguage } from '../shared/languages/system-language.ts';
import { exportAuditHeads } from './commands/audit-heads.ts';
import { errorLine, processConsole } from './commands/console.ts';
import { initGateway } from './commands/init.ts';
import { rotateKey } from './commands/rotate-key.ts';
import { runGateway } from './commands/start.ts';
import { showStatus } from './commands/status.ts';

const console = processConsole();
const program = new Command('mavis-gateway').description('The gateway: signs on to targets and records sessions').version(packageDescription.version);
const DATA = '--data <dir>';
const DATA_TEXT = "the gateway's data folder";

program
  .command('init')
  .description('verify the configuration file, make the keys, print the public key')
  .requiredOption('--config <file>', 'the configuration file from the gateway management page')
  .requiredOption(DATA, DATA_TEXT)
  .action((options: { config: string; data: string }) => initGateway(options.config, options.data, new Date(), console));

program
  .command('start')
  .description('run the gateway')
  .requiredOption(DATA, DATA_TEXT)
  .option('--exit-with-stdin', 'stop in good order when standard input ends', false)
  .action(async (options: { data: string; exitWithStdin: boolean }) => {
    await runGateway({ data: options.data, exitWithStdin: options.exitWithStdin, version: packageDescription.version }, console);
    // Standard input may still be held open by whoever started us.
    process.exit(0);
  });

program
  .command('status')
  .description('say how the running gateway is')
  .requiredOption(DATA, DATA_TEXT)
  .action(async (options: { data: string }) => {
    if (!(await showStatus(options.data, new Date(), console))) process.exitCode = 1;
  });

program
  .command('doctor')
  .description('look at the gateway on its own machine: what is wrong, who must act, what to do; ends with 1 where something is')
  .requiredOption(DATA, DATA_TEXT)
  .option('--json', 'for other programs', false)
  .option('--language <tag>', 'en, ja or zh-Hant; by default that of the system')
  // As `mavis diagnose`: 1 says that something is wrong with the gateway.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .action(async (options: { data: string; json: boolean; language?: string }) => {
    // The texts in all languages are loaded by nothing else here.
    const { runDoctor } = await import('./commands/doctor.ts');
    const language = options.language ?? systemLanguage(process.env);
    process.exitCode = await runDoctor({ data: options.data, json: options.json, language, version: packageDescription.version }, console);
  });

program
  .command('rotate-key')
  .description('make the next keys, which the running gateway announces to the service; with --switch go by them')
  .requiredOption(DATA, DATA_TEXT)
  .option('--switch', 'go by the next keys, once the service knows them', false)
  .action((options: { data: string; switch: boolean }) => rotateKey(options.data, new Date(), options.switch, console));

program
  .command('audit-heads')
  .description("the service's signed audit heads that this gateway keeps")
  .command('export')
  .description('print them as lines of JSON')
  .requiredOption(DATA, DATA_TEXT)
  .action((options: { data: string }) => exportAuditHeads(options.data, console));

try {
  await program.parseAsync();
} catch (error) {
  console.errorLine(errorLine(error));
  process.exit(1);
}
