# SPDX-License-Identifier: GPL-2.0-or-later
# The whole of our change to transport.c: the one place that sends the SCSI layer's command asks
# mutant.c to do it. (The other one that sends something is the REQUEST SENSE of its own.)
1i #include "mutant.h"
s/result = us->transport(srb, us);/result = mutant_transport(srb, us);/
