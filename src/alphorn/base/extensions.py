"""Kinds of files that are not taken in mail, by the extension their name acts under.

Opening one of them runs what is in it, installs it, mounts it, or makes the system fetch or log in
somewhere, and hardly anybody sends one for another purpose. Documents are not here, not even those
that may hold macros: what counts is what they hold, and that is looked at. Nor are archives: they
are looked into; only those are here that nothing on the way can look into and programs open.

Left out after some thought: `.iso` (looked into), `.one`, `.docm`, `.xlsm`, `.xlam` (judged by what
they hold), `.htm` and `.svg` (a browser's sandbox), `.py`, `.sh`, `.pl` (text that an editor opens
where no developer's tools are installed), `.cer` and `.crt` (customers are sent certificates).
"""

# What Windows runs as a program or a part of one.
_PROGRAMS = (
    "exe com scr pif cpl dll ocx sys drv vxd xll msc gadget jar jnlp xbap application appref-ms"
)
# Text that an interpreter of the system runs.
_SCRIPTS = (
    "bat cmd js jse mjs vb vbe vbs vbscript wsh ws wsf wsc sct shb shs scf hta hlp chm isp its ps1 "
    "ps1xml ps2 ps2xml psc1 psc2 psd1 psm1 psdm1 msh msh1 msh2 mshxml msh1xml msh2xml mst pyw pyzw "
    "ahk au3 vsw"
)
# What installs something or changes the system's settings.
_INSTALLERS = (
    "msi msp msix msixbundle appx appxbundle appinstaller msu inf ins reg diagcab diagcfg diagpkg "
    "cdxml theme themepack deskthemepack xnk crx apk ipa dmg pkg mpkg command terminal "
    "workflow action"
)
# What leads elsewhere: to a program, or to a server that is then told a password.
_POINTERS = "lnk url website webloc search-ms searchconnector-ms library-ms settingcontent-ms rdp"
# Office files that are nothing but code, queries that load from elsewhere, help with code in it.
_OFFICE = "ade adp mde accde mda mdz mam maf maq mad mav maw iqy oqy rqy dqy slk wll wiz"
# Images of disks that open at a double click and lose the mark "from the Internet", and archives
# whose only reader is long unsafe.
_IMAGES = "img vhd vhdx avhdx vmdk wim swm esd ace"

FORBIDDEN: tuple[str, ...] = tuple(
    sorted(
        {
            *f"{_PROGRAMS} {_SCRIPTS} {_INSTALLERS} {_POINTERS} {_OFFICE} {_IMAGES}".split(),
        }
    )
)
"""Lower case, without the dot, sorted."""
