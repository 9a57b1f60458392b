/** Kinds of MCS domain PDUs (ITU-T T.125) that RDP uses. */
export const mcs = { erectDomain: 1, disconnect: 8, attachUser: 10, attachConfirm: 11, joinRequest: 14, joinConfirm: 15, sendRequest: 25, sendIndication: 26 } as const;

/** Kinds of PDUs of the share (MS-RDPBCGR 2.2.8.1.1.1.1). */
export const shareKind = { demandActive: 1, confirmActive: 3, deactivateAll: 6, data: 7, redirection: 10 } as const;

/** Kinds of data PDUs (MS-RDPBCGR 2.2.8.1.1.1.2) that something here looks at. */
export const dataKind = { update: 2, control: 20, input: 28, synchronize: 31, refreshRect: 33, suppressOutput: 35, saveSessionInfo: 38, fontMap: 40, errorInfo: 47 } as const;
