/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/bot/wire.h"

#include "emu/base/bytes.h"

bool bot_cbw_parse(const uint8_t *bytes, size_t length, BotCbw *cbw)
{
    if (length != BOT_CBW_LENGTH || get_le32(bytes) != BOT_CBW_SIGNATURE) {
        return false;
    }
    cbw->dCBWTag = get_le32(bytes + 4);
    cbw->dCBWDataTransferLength = get_le32(bytes + 8);
    cbw->bmCBWFlags = bytes[12];
    cbw->bCBWLUN = bytes[13];
    cbw->bCBWCBLength = bytes[14];
    memcpy(cbw->CBWCB, bytes + 15, sizeof cbw->CBWCB);
    return true;
}

bool bot_cbw_is_meaningful(const BotCbw *cbw, unsigned lun_count)
{
    return (cbw->bmCBWFlags & ~BOT_CBW_DATA_IN) == 0 && cbw->bCBWLUN < lun_count &&
           cbw->bCBWCBLength >= 1 && cbw->bCBWCBLength <= sizeof cbw->CBWCB;
}

void bot_csw_build(uint8_t csw[BOT_CSW_LENGTH], uint32_t dCSWTag, uint32_t dCSWDataResidue,
                   BotStatus bCSWStatus)
{
    put_le32(csw, BOT_CSW_SIGNATURE);
    put_le32(csw + 4, dCSWTag);
    put_le32(csw + 8, dCSWDataResidue);
    csw[12] = (uint8_t)bCSWStatus;
}
