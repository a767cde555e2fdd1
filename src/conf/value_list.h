/* Values that are lists of addresses or names; a part of value.h. */
#ifndef CONF_VALUE_LIST_H
#define CONF_VALUE_LIST_H

#include "conf/value.h"

/* Appends the words of the setting to the list that the key names. */
void conf_value_set_list(const struct conf_value *v);

/* The one word of a CONF_PREFIX6. */
void conf_value_set_prefix6(const struct conf_value *v, const struct conf_word *w);

#endif
