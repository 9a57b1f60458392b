/** Where the packages of the gateway keep its data (`packaging/gateway/mavis-gateway.service`). */
const DATA_FOLDER = '/var/lib/mavis-gateway';
/** The account of the gateway on its machine. */
const ACCOUNT = 'mavis-gateway';
/** The configuration file, as the gateway's account reads it: from an administrator's home it could not. */
const RECEIVED = `${DATA_FOLDER}/received-configuration.json`;

/** Systemd makes the folder at the first start of the unit, which waits for what `init` puts into it. */
const makeFolder = `sudo install -d -m 0700 -o ${ACCOUNT} -g ${ACCOUNT} ${DATA_FOLDER}`;
const initAndStart = [`sudo -u ${ACCOUNT} mavis-gateway init --config ${RECEIVED} --data ${DATA_FOLDER}`, 'sudo systemctl enable --now mavis-gateway'];

/** The commands for a machine to which the configuration file was carried, one a line (S36). The name must be plain. */
export function installCommands(fileName: string): readonly string[] {
  return [makeFolder, `sudo install -m 0600 -o ${ACCOUNT} -g ${ACCOUNT} ${fileName} ${RECEIVED}`, ...initAndStart];
}

/** One line that brings the file with it, in base64, whose letters mean nothing to a shell. `init` prints the fingerprints and, last, the public key to enter. */
export function installCommandWith(base64: string): string {
  return [makeFolder, `echo ${base64} | base64 -d | sudo -u ${ACCOUNT} tee ${RECEIVED} >/dev/null`, ...initAndStart].join(' && ');
}
