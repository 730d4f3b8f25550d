// Starts `pelagos reml lsp` for .reml files, and hands everything else to it.
'use strict';

const vscode = require('vscode');
const { LanguageClient, TransportKind } = require('vscode-languageclient/node');

let client;

function start() {
  const command = vscode.workspace.getConfiguration('reml').get('path') || 'pelagos';
  client = new LanguageClient(
    'reml',  // names the setting reml.trace.server, too
    'reml',
    { command, args: ['reml', 'lsp'], transport: TransportKind.stdio },
    { documentSelector: [{ language: 'reml' }] }
  );
  return client.start().catch((error) => {
    client = undefined;
    const why = (error && error.message) || error || 'no such program?';
    vscode.window.showErrorMessage(
      `'${command} reml lsp' does not start: ${why}. The setting reml.path says where pelagos is.`
    );
  });
}

async function stop() {
  const running = client;
  client = undefined;
  if (running) await running.stop();
}

async function activate(context) {
  const restart = async () => {
    await stop();
    await start();
  };
  context.subscriptions.push(
    vscode.commands.registerCommand('reml.restart', restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('reml.path')) return restart();
    })
  );
  await start();
}

module.exports = { activate, deactivate: stop };
