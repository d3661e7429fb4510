/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/base/error.h"
#include "emu/ssc/models/model.h"

#define MODEL(id) extern const SscModel id;
#include "emu/ssc/models/models.def"
#undef MODEL

static const SscModel *const models[] = {
#define MODEL(id) &id,
#include "emu/ssc/models/models.def"
#undef MODEL
    NULL,
};

const SscModel *const *ssc_models(void)
{
    return models;
}

const SscModel *ssc_model_by_name(const char *name, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);

    if (!name) {
        return models[0];
    }
    for (unsigned i = 0; models[i]; i++) {
        if (strcmp(models[i]->name, name) == 0) {
            return models[i];
        }
        g_string_append_printf(names, "%s%s", i ? ", " : "", models[i]->name);
    }
    g_set_error(error, USBTAPE_ERROR, USBTAPE_ERROR_INPUT,
                "no drive model is called '%s': choose one of %s", name, names->str);
    return NULL;
}

const char *ssc_model_name(const SscModel *model)
{
    return model->name;
}

const char *ssc_model_about(const SscModel *model)
{
    return model->about;
}

const SscUsbIds *ssc_model_usb_ids(const SscModel *model)
{
    return &model->usb;
}

const char *ssc_model_vendor(const SscModel *model)
{
    return model->vendor;
}

const char *ssc_model_product(const SscModel *model)
{
    return model->product;
}

const char *ssc_model_revision(const SscModel *model)
{
    return model->revision;
}

const char *ssc_model_serial(const SscModel *model)
{
    return model->serial;
}

const char *ssc_model_own_serial(const SscModel *model)
{
    return model->own_serial;
}

uint8_t ssc_model_density(const SscModel *model)
{
    return model->density;
}

uint64_t ssc_model_capacity(const SscModel *model)
{
    unsigned i;

    for (i = 0; i < model->n_densities; i++) {
        if (model->densities[i].primary == model->density) {
            return (uint64_t)model->densities[i].capacity_mb * 1000000;
        }
    }
    return 0;
}
