import * as vscode from 'vscode';
import type { Commands } from '../contributions.ts';

const tokenKey = 'thaw.hubToken';

/**
 * Which hub trainers ask, and as whom. The token rests in the system's key store and reaches a trainer in its
 * environment alone: no file, command line or log has it.
 */
export class HubAccess {
  readonly #secrets: vscode.SecretStorage;

  constructor(secrets: vscode.SecretStorage) {
    this.#secrets = secrets;
  }

  /** For a trainer: what is set here wins over what the editor was started with. */
  async environment(): Promise<Readonly<Record<string, string>>> {
    const token = await this.#secrets.get(tokenKey), endpoint = vscode.workspace.getConfiguration('thaw').get<string>('hub.endpoint');
    return { ...(token && { HF_TOKEN: token }), ...(endpoint && { HF_ENDPOINT: endpoint }) };
  }

  setToken: Commands['thaw.setHubToken'] = async () => {
    const token = await vscode.window.showInputBox({
      title: 'Set Hub Token', password: true, ignoreFocusOut: true, placeHolder: 'hf_…',
      prompt: 'A token that may read the private or gated backbones that you use. Left empty, the stored one is forgotten.',
    });
    if (token === undefined) return;
    await (token.trim() === '' ? this.#secrets.delete(tokenKey) : this.#secrets.store(tokenKey, token.trim()));
    void vscode.window.showInformationMessage(token.trim() === '' ? 'The hub token was forgotten.' : 'The hub token is stored with your secrets. Runs that start from now on use it.');
  };
}
