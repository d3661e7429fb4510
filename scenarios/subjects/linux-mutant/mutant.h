/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef USBTAPE_SCENARIOS_MUTANT_H
#define USBTAPE_SCENARIOS_MUTANT_H

struct scsi_cmnd;
struct us_data;

/* us->transport(), or what mutant=N makes of it. */
int mutant_transport(struct scsi_cmnd *srb, struct us_data *us);

#endif
